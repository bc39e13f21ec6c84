# %%
import warnings
import numpy as np
from sklearn.datasets import load_iris, make_blobs
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split, cross_val_score, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.base import BaseEstimator, TransformerMixin, clone
# %%
iris = load_iris()
X, y = iris.data, iris.target
X.shape, iris.target_names
# %%
Xtrain, Xtest, ytrain, ytest = train_test_split(X, y, random_state=1)
model = LogisticRegression(max_iter=500)
model
# %%
model.fit(Xtrain, ytrain)
# %%
model.score(Xtest, ytest)
# %%
print(model.coef_.round(2))
# %%
np.random.seed(0)
forest = RandomForestClassifier(n_estimators=10)
forest.fit(Xtrain, ytrain).predict(Xtest)[:10]
# %%
np.random.rand()
# %%
cross_val_score(forest, X, y, cv=3).round(2)
# %%
forest.set_params(n_estimators=5)
# %%
forest.fit(X, y)
len(forest.estimators_)
# %%
class Add(BaseEstimator, TransformerMixin):
    def __init__(self, n=1):
        self.n = n
    def fit(self, X, y=None):
        self.seen_ = len(X)
        return self
    def transform(self, X):
        return X + self.n
# %%
pipe = make_pipeline(StandardScaler(), Add(2), LogisticRegression(max_iter=300))
pipe.fit(Xtrain, ytrain)
round(pipe.score(Xtest, ytest), 3), pipe.named_steps['add'].seen_
# %%
grid = GridSearchCV(Ridge(), {'alpha': [.1, 1, 10]}, cv=3).fit(X, y)
grid.best_params_
# %%
grid.best_estimator_ is grid.best_estimator_, clone(pipe).get_params()['add__n']
# %%
pipe.named_steps['add'].n = 5
round(pipe.score(Xtest, ytest), 3)
# %%
blobs, labels = make_blobs(30, random_state=2)
centers = np.array([blobs[labels == k].mean(0) for k in range(3)])
centers.round(2)
# %%
warnings.filterwarnings('ignore')
LogisticRegression(max_iter=1).fit(X, y).n_iter_
# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    LogisticRegression(max_iter=1).fit(X, y)
[str(w.category.__name__) for w in caught]
# %%
iris.keys()
# %%
iris['more'] = 1
'more' in iris, iris.more
