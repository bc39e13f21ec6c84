# %%
import time, sys, logging, threading, subprocess
from IPython.display import display, HTML, SVG, JSON, Javascript, Latex, Math, Code, Pretty, update_display, DisplayHandle
# %%
for i in range(3):
    print(i, end=' ')
    print('err', i, file=sys.stderr)
# %%
print('no newline', end='')
# %%
display({'a': 1}, [1, 2])
'value'
# %%
class Rich:
    def _repr_html_(self): return '<i>rich</i>'
    def __repr__(self): return 'plain'
Rich()
# %%
rich = Rich()
[rich]
# %%
display(rich, rich)
# %%
class Mime:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/plain': 'mime', 'text/x-thing': 'thing'}
Mime()
# %%
Latex(r'$\alpha$')
# %%
h = display('start', display_id=True)
for i in range(3):
    h.update(f'step {i}')
# %%
display('named', display_id='named')
# %%
update_display('changed', display_id='named')
# %%
from tqdm import tqdm
for i in tqdm(range(3), file=sys.stdout, bar_format='{n}/{total}'):
    pass
# %%
print('\rover\rwritten')
# %%
logging.warning('root warning')
# %%
log = logging.getLogger('mine')
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter('%(name)s %(message)s'))
log.addHandler(handler)
log.propagate = False
log.error('bad')
# %%
log.error('again')
# %%
subprocess.run(['echo', 'from a child'], check=True);
# %%
subprocess.check_output(['echo', 'caught'])
# %%
def work():
    print('in a thread')
t = threading.Thread(target=work)
t.start()
t.join()
# %%
t.is_alive()
# %%
print('x' * 2000)
# %%
list(range(1500))
# %%
'a' * 300
# %%
{'k' + str(i): list(range(i)) for i in range(12)}
# %%
import pprint
pprint.pprint({'deep': {'er': list(range(30))}})
# %%
get_ipython().display_formatter.formatters['text/plain'].for_type(int, lambda n, p, cycle: p.text(f'<{n}>'))
# %%
7
# %%
x = 7
x
# %%
%precision 3
# %%
3.14159265
# %%
y = 2.718281828
y
# %%
import plotly.graph_objects as go
fig = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
len(fig.data)
# %%
fig.update_layout(title='t')
fig.layout.title.text
# %%
import plotly.io as pio
pio.renderers.default = 'json'
# %%
fig
# %%
display(fig)
