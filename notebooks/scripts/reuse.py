"""Go on with the names that the script before this one left behind."""

print("I start from the names of the script before me.")
print(f"{a = }")
a = a**2
print(f"{a = }")
