"""What gguf-py's reader finds in a file: read_gguf.py FILE, the tensors' numbers as float32."""

import json
import sys

import gguf

reader = gguf.GGUFReader(sys.argv[1])
print(
    json.dumps(
        {
            "metadata": {
                name: field.contents()
                for name, field in reader.fields.items()
                if not name.startswith("GGUF.")
            },
            "tensors": {
                tensor.name: {
                    "sizes": tensor.shape.tolist(),
                    "type": int(tensor.tensor_type),
                    "numbers": gguf.dequantize(tensor.data, tensor.tensor_type)
                    .flatten()
                    .tolist(),
                }
                for tensor in reader.tensors
            },
        }
    )
)
