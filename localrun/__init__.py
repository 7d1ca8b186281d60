"""The laptop's cloud: the servers that stand for AWS, WorkMail and the mail server to be left.

Nothing of it is deployed; only tests and benchmarks import it. The product is imported from the
folder lambdas/, which is the root of the functions' imports in AWS: here it is put on the path.
"""

import sys

# Without pathlib: a copy that finds nothing new takes little longer than to load it and its like.
_ROOT = __path__[0].rpartition("/")[0]
_LAMBDAS = f"{_ROOT}/lambdas"
if _LAMBDAS not in sys.path:
    sys.path.insert(0, _LAMBDAS)
