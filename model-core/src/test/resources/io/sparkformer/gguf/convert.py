"""What llama.cpp's converter makes of a model: convert.py LLAMA_CPP MODEL TYPE OURS WORK.

Prints the keys and tensors that differ from our file, or are in one of them alone.
"""

import json
import subprocess
import sys
from pathlib import Path

import gguf
import numpy

llama_cpp, model, kind, ours, work = sys.argv[1:]
theirs = Path(work) / "theirs.gguf"
done = subprocess.run(
    [
        sys.executable,
        f"{llama_cpp}/convert_hf_to_gguf.py",
        model,
        "--outtype",
        kind,
        "--outfile",
        str(theirs),
    ],
    capture_output=True,
    text=True,
    check=False,
)
if done.returncode != 0:
    sys.exit(done.stderr)


def differences(mine, others, same):
    return {
        "ours": sorted(set(mine) - set(others)),
        "theirs": sorted(set(others) - set(mine)),
        "different": sorted(k for k in set(mine) & set(others) if not same(mine[k], others[k])),
    }


def fields(reader):
    return {
        name: field.contents()
        for name, field in reader.fields.items()
        if not name.startswith("GGUF.")
    }


def tensors(reader):
    return {tensor.name: tensor for tensor in reader.tensors}


mine, others = gguf.GGUFReader(ours), gguf.GGUFReader(theirs)
print(
    json.dumps(
        {
            "metadata": differences(fields(mine), fields(others), lambda a, b: a == b),
            "tensors": differences(
                tensors(mine),
                tensors(others),
                lambda a, b: a.tensor_type == b.tensor_type
                and a.shape.tolist() == b.shape.tolist()
                and numpy.array_equal(a.data.view(numpy.uint8), b.data.view(numpy.uint8)),
            ),
        }
    )
)
