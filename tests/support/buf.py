"""buf, a compiler and linter of Protocol Buffers that is not ours, as a second opinion on the derived `.proto`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2

from app.specification.derived.protobuf.proto_text import write_proto
from app.specification.derived.protobuf.proto_values import ProtoFile

BUF = Path(sys.executable).parent / "buf"
CONFIGURATION = """\
version: v2
lint:
  use: [STANDARD]
  except: [SERVICE_SUFFIX]
breaking:
  use: [FILE]
"""


def buf(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BUF, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def module(folder: Path, file: ProtoFile) -> Path:
    """Write the `.proto` as a module of buf, in a new folder, and return the folder."""
    path = folder / file.path
    path.parent.mkdir(parents=True)
    path.write_text(write_proto(file))
    (folder / "buf.yaml").write_text(CONFIGURATION)
    return folder


def compiled(folder: Path, file: ProtoFile) -> descriptor_pb2.FileDescriptorProto:
    """Return the descriptor that buf compiles from the text of the `.proto`."""
    ran = buf(module(folder, file), "build", "-o", "image.binpb", "--as-file-descriptor-set", "--exclude-source-info")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    files = descriptor_pb2.FileDescriptorSet.FromString((folder / "image.binpb").read_bytes()).file
    return next(each for each in files if each.name == file.path)
