# %%
import random
import numpy as np
random.seed(5)
# %%
def step():
    return random.choice([-1, 1])
# %%
walk = [0]
for _ in range(10):
    walk.append(walk[-1] + step())
walk
# %%
random.random(), [random.randint(1, 6) for _ in range(3)]
# %%
deck = list(range(10))
random.shuffle(deck)
deck
# %%
random.sample(deck, 3)
# %%
dice = random.Random(9)
dice.random()
# %%
dice.random(), dice.gauss(0, 1)
# %%
state = random.getstate()
a = random.random()
random.setstate(state)
a == random.random()
# %%
np.random.seed(3)
steps = np.random.choice([-1, 1], size=(4, 20))
steps.cumsum(1)[:, -1]
# %%
np.random.normal(size=2)
# %%
np.random.shuffle(deck)
deck
# %%
np.random.seed(3)
np.random.permutation(5)
# %%
state = np.random.get_state()
np.random.rand(2)
# %%
np.random.set_state(state)
np.random.rand(2)
# %%
def simulate(trials):
    """Estimate pi."""
    inside = 0
    for _ in range(trials):
        inside += random.random() ** 2 + random.random() ** 2 < 1
    return 4 * inside / trials
simulate(1000)
# %%
simulate(1000)
# %%
class Walker:
    made = []
    def __init__(self, name):
        self.name, self.at = name, 0
        self.made.append(self)
    def move(self):
        self.at += step()
        return self
    def __repr__(self):
        return f"{self.name}@{self.at}"
ann, bob = Walker('ann'), Walker('bob')
# %%
[ann.move(), bob.move()]
# %%
Walker.made
# %%
for walker in Walker.made:
    walker.move()
ann, bob, Walker.made[0] is ann
# %%
class Counter:
    total = 0
    def __call__(self):
        type(self).total += 1
        return self.total
tick = Counter()
tick(), tick()
# %%
tick(), Counter.total
