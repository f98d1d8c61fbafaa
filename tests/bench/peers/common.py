"""Shared by all peer benchmarks: timing, data, CLI."""
import argparse, gzip, json, os, resource, sys, time
import numpy as np

def age():
    """seconds since this process was started (fork), from /proc/self/stat (10 ms resolution)"""
    s = open('/proc/self/stat').read()
    st = int(s.rsplit(')', 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - st / os.sysconf('SC_CLK_TCK')

def rss_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

from flops import MODELS, MACS, gflop_iter

import os as _os
MN = _os.path.join(_os.path.dirname(_os.path.abspath(__file__)), '..', '..', '..', 'examples', 'data', 'mnist', 'train-images-idx3-ubyte.gz')
data_bytes = 0  # of what load_data gave last
def load_data(kind):
    global data_bytes
    x = make_data(kind)
    data_bytes = x.nbytes
    return x
def make_data(kind):
    r = np.random.default_rng(0)
    if kind == '1d': return r.normal(3, .5, (10000, 1)).astype('f4')
    if kind == 'ring':
        a = r.integers(0, 8, 100000) * (np.pi / 4)
        return (np.stack([np.cos(a), np.sin(a)], 1) * 2 + r.normal(0, .05, (100000, 2))).astype('f4')
    if kind in ('mnist', 'mnist28'):
        b = gzip.open(MN).read()
        x = np.frombuffer(b, np.uint8, offset=16).reshape(60000, 784).astype('f4')
        x /= np.float32(255)
        if kind == 'mnist28': x *= 2; x -= 1; x = x.reshape(60000, 1, 28, 28)
        return x
    if kind == 'img32': return r.random((4096, 3, 32, 32), dtype='f4') * 2 - 1
    x = r.random((1024, 3, 64, 64), dtype='f4') * 2 - 1
    return x.reshape(1024, -1) if kind == 'img64flat' else x

def args(modes):
    p = argparse.ArgumentParser()
    p.add_argument('--model', required=True)
    p.add_argument('--batch', type=int, default=0)
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--steps', type=int, default=0, help='0: calibrate a block to --block seconds')
    p.add_argument('--mode', default=modes[0], choices=modes)
    p.add_argument('--channels-last', action='store_true')
    p.add_argument('--block', type=float, default=1.5)
    p.add_argument('--max-seconds', type=float, default=100, help='stop starting timed blocks after this age')
    p.add_argument('--note', default='')
    p.add_argument('--profile', action='store_true')
    a = p.parse_args()
    if a.threads == 1: os.sched_setaffinity(0, {0})
    for v in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'): os.environ[v] = str(a.threads)
    return a

def measure(step, sync, a, warm=2):
    """step(k): run k iterations (async ok); sync() waits and returns losses.
    Returns dict(first, steps_per_s, steps, blocks)."""
    step(1); sync(); first = age()
    t = time.perf_counter(); step(1); l1 = sync(); dt = time.perf_counter() - t
    second = dt
    if dt < 2:
        k = max(1, min(20, int(.5 / dt))); step(k); sync()
        t = time.perf_counter(); step(k); sync(); dt = (time.perf_counter() - t) / k
    n = a.steps or max(1, int(a.block / dt))
    out = []
    losses = l1
    def busy():
        f = [int(x) for x in open('/proc/stat').readline().split()[1:9]]
        o = os.times()
        return (f[0] + f[1] + f[2] + f[5] + f[6]) / os.sysconf('SC_CLK_TCK') , o.user + o.system, time.perf_counter(), f[7] / os.sysconf('SC_CLK_TCK')
    b0 = busy()
    for _ in range(3):
        if out and age() + n * dt > a.max_seconds: break
        t = time.perf_counter(); step(n); losses = sync(); out.append((time.perf_counter() - t) / n)
    b1 = busy()
    if not out: out = [second]
    w = max(b1[2] - b0[2], 1e-9)
    foreign, own, steal = ((b1[0] - b0[0]) - (b1[1] - b0[1])) / w, (b1[1] - b0[1]) / w, (b1[3] - b0[3]) / w
    b = min(out)
    return dict(steps_per_s=1 / b, ms_per_step=b * 1e3, n=n, blocks_ms=[round(x * 1e3, 4) for x in out],
                first_step_s=round(first, 2), cpu_own=round(own, 2), cpu_foreign=round(foreign, 2), cpu_steal=round(steal, 2), losses=[round(float(x), 4) for x in losses])

def emit(fw, ver, a, B, m):
    r = dict(fw=fw, ver=ver, mode=a.mode + ('+cl' if a.channels_last else ''), model=a.model, batch=B,
             threads=a.threads, **m, rss_mb=round(rss_mb()), data_mb=round(data_bytes / 2**20), note=a.note)
    if a.model in MACS and 'steps_per_s' in m:
        r['gflop_iter'] = round(gflop_iter(a.model, B), 4)
        r['gflops'] = round(r['gflop_iter'] * m['steps_per_s'], 2)
    print(json.dumps(r), flush=True)
