#!/usr/bin/env python3
# events.py: what pictures_events.c compares with: an event file as TensorBoard's own messages and records make it.
#
#     python3 events.py > events_values.h       the file's bytes
#     python3 events.py FOLDER                  what TensorBoard reads in the event files of a folder, a line a value
# The bytes are first read back by TensorBoard's own reader, and must give what was written.
# Made with Python 3.11; TensorBoard's version is written into the file's first line.
import os
import sys
import tempfile

import tensorboard
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer import record_writer

PNG = bytes(range(200)) + bytes(range(100))
Value = summary_pb2.Summary.Value


def read(folder):
    a = event_accumulator.EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0})
    a.Reload()
    lines = []
    for tag in a.Tags()["scalars"]:
        lines += [f"{x.wall_time!r} {x.step} {tag} {x.value!r}" for x in a.Scalars(tag)]
    for tag in a.Tags()["images"]:
        lines += [f"{x.wall_time!r} {x.step} {tag} {x.width}x{x.height} {len(x.encoded_image_string)} bytes" for x in a.Images(tag)]
    return lines


def events():
    image = summary_pb2.Summary.Image(height=24, width=300, colorspace=3, encoded_image_string=PNG)
    yield event_pb2.Event(wall_time=1763752000.0, file_version="brain.Event:2")
    yield event_pb2.Event(wall_time=1763752001.25, step=1, summary=summary_pb2.Summary(
        value=[Value(tag="V", simple_value=-1.3862944), Value(tag="E[z ~ noise] \u03bb D(G(z))", simple_value=0.0)]))
    yield event_pb2.Event(wall_time=1763752001.5, step=300, summary=summary_pb2.Summary(value=[Value(tag="samples", image=image)]))
    yield event_pb2.Event(wall_time=1763752002.125, step=5000000000, summary=summary_pb2.Summary(
        value=[Value(tag="V", simple_value=float("inf"))]))


def main():
    if len(sys.argv) > 1:
        print("\n".join(read(sys.argv[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events.out.tfevents.x")
        with open(path, "wb") as f:
            writer = record_writer.RecordWriter(f)
            for e in events():
                writer.write(e.SerializeToString())
            writer.flush()
        want = ["1763752001.25 1 V -1.3862943649291992", "1763752002.125 5000000000 V inf",
                "1763752001.25 1 E[z ~ noise] \u03bb D(G(z)) 0.0", "1763752001.5 300 samples 300x24 300 bytes"]
        if read(folder) != want:
            sys.exit("TensorBoard reads something else: " + "\n".join(read(folder)))
        data = open(path, "rb").read()
    print(f"/* events_values.h: made by events.py with TensorBoard {tensorboard.__version__}. */")
    print("static const unsigned char event_file[] = {")
    for i in range(0, len(data), 24):
        print("    " + ", ".join(str(b) for b in data[i:i + 24]) + ("," if i + 24 < len(data) else "};"))


main()
