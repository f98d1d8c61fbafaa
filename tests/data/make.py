"""make.py: made the files of tests/data/files, and beside each FILE its examples as numbers, FILE.csv: what `trainer data` must write of it.
Run by hand, where these are at hand: numpy, Pillow, scipy, h5py, lmdb. No test needs Python.

    python make.py files
"""
import io, os, struct, sys, tarfile, zipfile, zlib
import h5py, lmdb, numpy as np, scipy.io
from PIL import Image

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
rng = np.random.default_rng(6)


def path(name):
    return os.path.join(out, name)


def save(name, data):
    with open(path(name), "wb") as f:
        f.write(data)


def expect(name, examples, labels=None):
    """A line an example; bytes."""
    with open(path(name + ".csv"), "w") as f:
        for x in examples:
            f.write(",".join("%d" % v for v in np.asarray(x).reshape(-1)) + "\n")


def smooth(h, w, c, k=0):
    """An image with something in it, that JPEG keeps well."""
    y, x = np.mgrid[0:h, 0:w]
    planes = [127 + 100 * np.sin(0.31 * (k + 1) * x / w * 6 + i) * np.cos(0.23 * y / h * 6 + k + 2 * i) for i in range(c)]
    return np.clip(np.round(np.stack(planes, -1)), 0, 255).astype(np.uint8)


def luma(a):
    return ((a[..., 0].astype(np.uint32) * 19595 + a[..., 1].astype(np.uint32) * 38470 + a[..., 2].astype(np.uint32) * 7471 + 32768) >> 16).astype(np.uint8)


def blend(colour, alpha):
    a = alpha.astype(np.int64)[..., None]
    return ((colour * a + 255 * (255 - a) + 127) // 255).astype(np.uint8)


# --- PNG, every kind, by hand: Pillow writes few of them ---

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(rows, depth):
    """[h, n] samples -> lines with filter 0"""
    lines = b""
    for row in rows:
        bits = "".join(format(int(v), "0%db" % depth) for v in row)
        bits += "0" * (-len(bits) % 8)
        lines += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return lines


def png(name, samples, depth, colour, palette=None, trns=None, interlaced=False):
    """samples [h, w, channels]"""
    h, w, _ = samples.shape
    if interlaced:
        data = b""
        for y, x, dy, dx in [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]:
            part = samples[y::dy, x::dx]
            if part.shape[0] and part.shape[1]:
                data += pack(part.reshape(part.shape[0], -1), depth)
    else:
        data = pack(samples.reshape(h, -1), depth)
    text = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, int(interlaced)))
    if palette is not None:
        text += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if trns is not None:
        text += chunk(b"tRNS", trns)
    save(name, text + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def colour3(grey):
    return np.repeat(grey.reshape(grey.shape[0], grey.shape[1], 1), 3, 2)


for depth in (1, 2, 4, 8):
    g = rng.integers(0, 1 << depth, (5, 7, 1))
    png("grey%d.png" % depth, g, depth, 0)
    expect("grey%d.png" % depth, [colour3(g * 255 // ((1 << depth) - 1))])
g = rng.integers(0, 65536, (5, 7, 1))
png("grey16.png", g, 16, 0)
expect("grey16.png", [colour3((g * 255 + 32895) >> 16)])
g = rng.integers(0, 256, (5, 7, 1))
png("grey8key.png", g, 8, 0, trns=struct.pack(">H", int(g[2, 3, 0])))
expect("grey8key.png", [colour3(np.where(g == g[2, 3, 0], 255, g))])
c = rng.integers(0, 256, (5, 7, 3))
png("rgb8.png", c, 8, 2)
expect("rgb8.png", [c])
png("rgb8adam7.png", c, 8, 2, interlaced=True)
expect("rgb8adam7.png", [c])
c = rng.integers(0, 65536, (5, 7, 3))
png("rgb16.png", c, 16, 2)
expect("rgb16.png", [(c * 255 + 32895) >> 16])
c = rng.integers(0, 256, (5, 7, 4))
png("rgba8.png", c, 8, 6)
expect("rgba8.png", [blend(c[..., :3], c[..., 3])])
c = rng.integers(0, 256, (5, 7, 2))
png("greya8.png", c, 8, 4)
expect("greya8.png", [colour3(blend(c[..., :1], c[..., 1]))])
for depth in (1, 2, 4, 8):
    colours = rng.integers(0, 256, (1 << depth if depth < 8 else 200, 3))
    index = rng.integers(0, len(colours), (5, 7, 1))
    alpha = rng.integers(0, 256, 2).astype(np.uint8)
    full = np.concatenate([alpha, np.full(len(colours) - 2, 255, np.uint8)])
    png("palette%d.png" % depth, index, depth, 3, palette=colours, trns=alpha.tobytes(), interlaced=depth == 4)
    expect("palette%d.png" % depth, [blend(colours[index[..., 0]], full[index[..., 0]])])

# --- JPEG and WebP: what Pillow decodes, by the same library ---

def pillow(name, image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    save(name, data.getvalue())
    back = Image.open(io.BytesIO(data.getvalue()))
    if back.mode == "CMYK":
        a = np.asarray(back).astype(np.int64)  # Pillow turns Adobe's inverted CMYK round
        expect(name, [((255 - a[..., :3]) * (255 - a[..., 3:]) + 127) // 255])
    elif back.mode == "RGBA":
        a = np.asarray(back)
        expect(name, [blend(a[..., :3], a[..., 3])])
    else:
        expect(name, [np.asarray(back.convert("RGB"))])


colour = Image.fromarray(smooth(12, 20, 3))
pillow("colour.jpg", colour, "JPEG", quality=90, subsampling=2)
pillow("colour444.jpg", colour, "JPEG", quality=90, subsampling=0)
pillow("progressive.jpg", colour, "JPEG", quality=90, progressive=True)
pillow("grey.jpg", Image.fromarray(smooth(12, 20, 1)[..., 0]), "JPEG", quality=90)
pillow("cmyk.jpg", Image.fromarray(smooth(12, 20, 4), "CMYK"), "JPEG", quality=95)
pillow("lossy.webp", colour, "WEBP", quality=80)
pillow("lossless.webp", Image.fromarray(smooth(12, 20, 4), "RGBA"), "WEBP", lossless=True)

# --- arrays: five images of 6 x 4, labels 0 to 2 ---

X = np.stack([smooth(6, 4, 3, k) for k in range(5)])
y = np.array([2, 0, 1, 1, 2])
np.save(path("bytes.npy"), X)
np.save(path("planes.npy"), np.ascontiguousarray(X.transpose(0, 3, 1, 2)))
np.save(path("f4.npy"), X.astype("<f4"))
np.save(path("f8.npy"), X.astype(">f8"))
np.save(path("f2.npy"), X.astype("<f2"))
np.savez(path("stored.npz"), x=X, y=y)
np.savez_compressed(path("packed.npz"), images=X, labels=y.astype(np.uint8))
m = {"X": X.transpose(1, 2, 3, 0), "y": np.where(y == 0, 10, y).reshape(-1, 1).astype("f8")}
scipy.io.savemat(path("svhn.mat"), m, do_compression=True)
scipy.io.savemat(path("plain.mat"), m, do_compression=False)
with h5py.File(path("fuel.hdf5"), "w") as f:
    f.create_dataset("features", data=np.concatenate([X, X[::-1]]).transpose(0, 3, 1, 2))
    f.create_dataset("targets", data=np.concatenate([y, y]).reshape(-1, 1).astype(np.uint8))
    kind = [("split", "S5"), ("source", "S8"), ("start", np.int64), ("stop", np.int64), ("indices", h5py.special_dtype(ref=h5py.Reference)),
            ("available", bool), ("comment", "S1")]
    rows = [(s, k, a, b, h5py.Reference(), True, b"") for s, a, b in (("train", 0, 5), ("test", 5, 10)) for k in ("features", "targets")]
    f.attrs["split"] = np.array(rows, dtype=kind)
with h5py.File(path("chunked.h5"), "w") as f:
    f.create_dataset("images", data=X, chunks=(2, 6, 4, 3), compression="gzip")
    f.create_dataset("labels", data=y)
with h5py.File(path("v73.mat"), "w", userblock_size=512) as f:
    f.create_dataset("X", data=X.transpose(0, 3, 2, 1))
    f.create_dataset("y", data=y.astype("f8").reshape(1, -1))
with open(path("v73.mat"), "r+b") as f:
    f.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
# arrays that stand in other files, which are not there: by a link, by external storage, by a virtual one
with h5py.File(path("linked.h5"), "w") as f:
    f["X"] = h5py.ExternalLink("elsewhere", "X")
with h5py.File(path("external.h5"), "w") as f:
    f.create_dataset("X", shape=(5, 6, 4, 3), dtype=np.uint8, external=[("elsewhere", 0, 360)])
with h5py.File(path("virtual.h5"), "w", libver="latest") as f:
    v = h5py.VirtualLayout(shape=(5, 6, 4, 3), dtype=np.uint8)
    v[:] = h5py.VirtualSource("elsewhere", "X", shape=(5, 6, 4, 3))
    f.create_virtual_dataset("X", v)
for name in ("bytes.npy", "planes.npy", "f4.npy", "f8.npy", "f2.npy", "stored.npz", "packed.npz", "svhn.mat", "plain.mat", "fuel.hdf5", "chunked.h5", "v73.mat"):
    expect(name, X)

save("bytes.idx", struct.pack(">HBBIII", 0, 8, 3, 5, 6, 4) + X[..., 0].tobytes())
expect("bytes.idx", [colour3(a) for a in X[..., 0]])

# --- CIFAR ---

C = np.stack([smooth(32, 32, 3, k) for k in range(2)])
save("cifar10.bin", b"".join(bytes([3 + k]) + C[k].transpose(2, 0, 1).tobytes() for k in range(2)))
save("cifar100.bin", b"".join(bytes([k, 70 + k]) + C[k].transpose(2, 0, 1).tobytes() for k in range(2)))
expect("cifar10.bin", C)


# --- LMDB: one value on a page, one on pages of its own; and a zip ---

def png_bytes(a):
    data = io.BytesIO()
    Image.fromarray(a).save(data, "PNG")
    return data.getvalue()


noise = rng.integers(0, 256, (50, 50, 3)).astype(np.uint8)
values = [(b"b", png_bytes(X[0])), (b"a/x", png_bytes(X[1])), (b"c", png_bytes(noise))]
folder = path("lmdb")
env = lmdb.open(folder, map_size=1 << 20)
with env.begin(write=True) as t:
    for k, v in values:
        t.put(k, v)
env.close()
os.rename(os.path.join(folder, "data.mdb"), path("lsun.mdb"))
os.remove(os.path.join(folder, "lock.mdb"))
os.rmdir(folder)


def area(a, h, w):
    """Cropped in the middle to h : w, then each new pixel the mean of what it covers; exact."""
    H, W = a.shape[:2]
    if W * h > H * w:
        k = (2 * H * w + h) // (2 * h); a = a[:, (W - k) // 2:(W - k) // 2 + k]
    else:
        k = (2 * W * h + w) // (2 * w); a = a[(H - k) // 2:(H - k) // 2 + k]
    def weights(n, m):
        if n >= m:
            return np.array([[max(0, min((i + 1) * m, (j + 1) * n) - max(i * m, j * n)) for i in range(n)] for j in range(m)], dtype=object), n
        rows = np.zeros((m, n), dtype=object)
        for j in range(m):
            at = min(max((2 * j + 1) * n - m, 0), (n - 1) * 2 * m)
            i, part = divmod(at, 2 * m)
            rows[j, i] += 2 * m - part
            if part:
                rows[j, i + 1] += part
        return rows, 2 * m
    R, p = weights(a.shape[0], h)
    S, q = weights(a.shape[1], w)
    sums = np.einsum("ij,jkc->ikc", R, np.einsum("lk,jkc->jlc", S, a.astype(object)))
    return np.vectorize(lambda v: (int(v) + p * q // 2) // (p * q))(sums)


expect("lsun.mdb", [area(a, 6, 4) for a in (X[1], X[0], noise)])
with zipfile.ZipFile(path("three.zip"), "w") as z:
    for i, (k, v) in enumerate(values):
        z.writestr("set/class%d/../%s.png" % (i % 2, k.decode().replace("/", "_")), v, zipfile.ZIP_DEFLATED if i else zipfile.ZIP_STORED)
    z.writestr("set/readme.txt", "no image")
with zipfile.ZipFile(path("names.zip"), "w") as z:
    for i, name in enumerate(("Z\u00fcrich/\u00e4", "\u6771\u4eac/x")):
        z.writestr(name, values[i][1])
expect("names.zip", X[:2])
with tarfile.open(path("two.tgz"), "w:gz") as t:
    for i, (k, v) in enumerate(values[:2]):
        member = tarfile.TarInfo("%d/%s.png" % (i, k.decode()))
        member.size = len(v)
        t.addfile(member, io.BytesIO(v))
expect("two.tgz", X[:2])
expect("three.zip", [area(a, 6, 4) for a in (X[0], noise, X[1])])

# --- the resizing, for unit/tools_images.c ---

with open(path("fit.txt"), "w") as f:
    """Each line: h w c, rows columns channels, then the pixels before and after."""
    for h, w, c, rows, columns, channels in [(9, 7, 3, 3, 3, 3), (5, 5, 1, 3, 2, 1), (2, 3, 3, 5, 4, 3), (4, 4, 3, 4, 4, 1), (3, 5, 1, 2, 7, 3), (1, 1, 3, 3, 2, 3),
                                             (13, 4, 3, 1, 1, 3), (2, 9, 1, 8, 8, 1), (7, 7, 3, 6, 8, 3), (40, 3, 1, 7, 7, 1)]:
        a = rng.integers(0, 256, (h, w, c)).astype(np.uint8)
        b = a if c == channels else luma(a)[..., None] if channels == 1 else np.repeat(a, 3, 2)
        done = area(b, rows, columns)
        f.write(" ".join(str(v) for v in [h, w, c, rows, columns, channels, *a.reshape(-1), *done.reshape(-1)]) + "\n")
