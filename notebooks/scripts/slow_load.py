"""Load some numbers, slowly; everything after it can use them."""

import time

from vinyasa_ipy import cache


@cache
def load_numbers():
    print("Loading the numbers ...")
    time.sleep(5)
    print("Loaded.")
    return 5


print("I am slow. Please remember what I did.")
a = load_numbers()
print(a)
