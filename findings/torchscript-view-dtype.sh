#!/usr/bin/env bash
# torch 2.13.0: TorchScript takes x.view(dtype) for x.view(size). (torch.jit.script warns that it is deprecated, and works.)
# Installs torch: the CPU build is 190 MB, others are larger.
#
# Behaviour: torch.jit.script compiles x.view(torch.bfloat16), the same bits read as another type, without an error to a
# view of the shape [15], 15 being bfloat16's number. With 15 elements it runs, and the result has the old type and the
# old numbers. With any other count it says that "shape '[15]' is invalid". x.view(dtype=torch.bfloat16) does not
# compile: aten::view.dtype is not among the variants. torch.jit.trace of it fails with an internal assertion whose own
# list of candidates has aten::view.dtype. torch.view_copy(x, dtype=torch.bfloat16) does in TorchScript what both should.
#
# Why it matters: the function is right in eager mode and passes the compiler. The message about a shape names no type,
# and with a dimension of that size there is no message at all, but wrong numbers (float16's number is 5, float32's 6).
# Saved archives hold torch.view(x, [15]): a later torch can't tell what was meant. Bits of one type read as another are
# how bfloat16 values pass through programs that have only 16-bit integers; there one needs view_copy.
#
# Seen (Linux x86-64, Python 3.11):
#   eager, 15 elements    torch.bfloat16 1.0
#   script                return torch.view(x, [15])
#   script, 15 elements   torch.int16 16256
#   script, 2 elements    RuntimeError: shape '[15]' is invalid for input of size 2
#   script, dtype=        RuntimeError: aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a): Argument size not provided.
#   trace                 RuntimeError: We don't have an op for aten::view but it isn't a special case.
#   trace's candidates    aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)
#   view_copy, script     torch.bfloat16 1.0
#   view_copy, reloaded   torch.bfloat16 1.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
cat > "$work/finding.py" <<'PY'
import io
import re
import warnings
import torch

warnings.simplefilter("ignore")  # torch.jit says that it is deprecated


def view(x):
    return x.view(torch.bfloat16)


def view_named(x):
    return x.view(dtype=torch.bfloat16)


def view_copy(x):
    return torch.view_copy(x, dtype=torch.bfloat16)


def said(pattern, function, *arguments):
    try:
        return f"no error: {function(*arguments)}"
    except RuntimeError as error:
        found = re.search(pattern, " ".join(str(error).split()))
        return found.group(0) if found else str(error)


def first(tensor):
    return f"{tensor.dtype} {tensor[0].item()}"


fifteen = torch.full((15,), 0x3F80, dtype=torch.int16)  # 1.0 in bfloat16
two = fifteen[:2].clone()
print("eager, 15 elements   ", first(view(fifteen)))
scripted = torch.jit.script(view)
print("script               ", scripted.code.strip().splitlines()[-1].strip())
print("script, 15 elements  ", first(scripted(fifteen)))
print("script, 2 elements    RuntimeError:", said(r"shape '\[15\]' is invalid for input of size 2", scripted, two))
print("script, dtype=        RuntimeError:", said(r"aten::view\(.*not provided\.", torch.jit.script, view_named))
print("trace                 RuntimeError:", said(r"We don't have an op .* case\.", torch.jit.trace, view, (two,)))
print("trace's candidates   ", said(r"aten::view\.dtype\(.*$", torch.jit.trace, view, (two,)))
copied = torch.jit.script(view_copy)
print("view_copy, script    ", first(copied(two)))
archive = io.BytesIO()
torch.jit.save(copied, archive)
archive.seek(0)
print("view_copy, reloaded  ", first(torch.jit.load(archive)(two)))
PY
"$work/venv/bin/python" "$work/finding.py" | tee "$work/seen"
diff - "$work/seen" <<'SEEN' || { echo "This is no longer what was seen." >&2; exit 1; }
eager, 15 elements    torch.bfloat16 1.0
script                return torch.view(x, [15])
script, 15 elements   torch.int16 16256
script, 2 elements    RuntimeError: shape '[15]' is invalid for input of size 2
script, dtype=        RuntimeError: aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a): Argument size not provided.
trace                 RuntimeError: We don't have an op for aten::view but it isn't a special case.
trace's candidates    aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)
view_copy, script     torch.bfloat16 1.0
view_copy, reloaded   torch.bfloat16 1.0
SEEN
