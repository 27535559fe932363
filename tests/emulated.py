"""CuPy's modules, streams and graphs without a GPU: the C compiler makes the kernels, threads are a block's threads.

`Cupy` has of CuPy what `minigrad/program/graphs.py` uses, for arrays of the stand-in. As on a GPU, what is called
while a stream captures is not done but recorded, and a call of cuBLAS, a copy or a new array would be an error then.
"""

import ctypes
import re
import shutil
import subprocess
from types import SimpleNamespace

from minigrad.program import cuda

HEADER = """\
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#define __device__
#define __shared__ static
typedef struct { unsigned x; } dim;
static dim blockDim, gridDim;
static __thread dim threadIdx, blockIdx;
static pthread_barrier_t barrier;
static int votes;
static void __syncthreads(void) { pthread_barrier_wait(&barrier); }
static int __syncthreads_or(int vote) {
    if (threadIdx.x == 0) votes = 0;
    __syncthreads();
    if (vote) __atomic_store_n(&votes, 1, __ATOMIC_SEQ_CST);
    __syncthreads();
    return votes;
}
typedef struct { void (*function)(void **); void **arguments; unsigned thread; } work;
static void *thread(void *given) {
    work *mine = given;
    threadIdx.x = mine->thread;
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) {
        mine->function(mine->arguments);
        __syncthreads();
    }
    return 0;
}
void launch(void (*function)(void **), void **arguments, unsigned blocks, unsigned threads) {
    pthread_t others[8];
    work works[8];
    gridDim.x = blocks, blockDim.x = threads;
    pthread_barrier_init(&barrier, 0, threads);
    for (unsigned k = 0; k < threads; k++) {
        works[k] = (work){function, arguments, k};
        if (k) pthread_create(&others[k], 0, thread, &works[k]);
    }
    thread(&works[0]);
    for (unsigned k = 1; k < threads; k++) pthread_join(others[k], 0);
    pthread_barrier_destroy(&barrier);
}
"""
COMPILER = shutil.which("gcc") or shutil.which("cc")
KERNEL = re.compile(r'extern "C" __global__ void (\w+)(\(.*?^}$)', re.DOTALL | re.MULTILINE)


class Cupy:
    """A module like cupy.

    Attributes
    ----------
    kernels : the text of every function so far, from its parameters on → its number
    log : what was asked of it, in order
    graphs : captured so far
    """

    def __init__(self, folder):
        self.folder = folder
        self.kernels, self.log, self.graphs = {}, [], []
        self.cuda = SimpleNamespace(Stream=lambda **options: Stream(self, **options), get_current_stream=self.stream)
        self.capturing = None
        self._library, self._compiled = None, 0

    def stream(self):
        return SimpleNamespace(synchronize=lambda: self.log.append("synchronize"))

    def RawModule(self, *, code, backend, options):
        assert backend == "nvrtc" and options == ("--fmad=false",) and code.startswith(cuda.PRELUDE)
        found = dict(KERNEL.findall(code))
        for text in found.values():
            self.kernels.setdefault(text, len(self.kernels))
        return SimpleNamespace(get_function=lambda name: Function(self, name, self.kernels[found[name]]))

    def source(self):
        """Return the text of every function so far, each once, with its number for a name."""
        return cuda.PRELUDE + "".join(f'extern "C" __global__ void k{n}{text}\n\n' for text, n in self.kernels.items())

    def do(self, number, blocks, threads, arrays):
        """Do what a function does."""
        if self._compiled < len(self.kernels):
            self._compile()
        addresses = (ctypes.c_void_p * len(arrays))(*[a.data.ptr for a in arrays])
        function = ctypes.cast(getattr(self._library, f"run_{number}"), ctypes.c_void_p)
        # Fewer threads than a GPU has: their number is for the launch to say, not for the text.
        self._library.launch(function, addresses, min(blocks, 3), min(threads, 4))

    def _compile(self):
        calls = []
        for text, n in self.kernels.items():
            taken = range(text[: text.index(")")].count("*"))
            calls.append(f"void run_{n}(void **a) {{ k{n}({', '.join(f'a[{i}]' for i in taken)}); }}")
        text = "\n".join([HEADER, self.source().replace('extern "C" __global__ ', "static "), *calls, ""])
        self._compiled = len(self.kernels)
        source = self.folder / f"kernels_{self._compiled}.c"
        source.write_text(text)
        library = source.with_suffix(".so")
        command = [COMPILER, "-shared", "-fPIC", "-w", "-ffp-contract=off", source, "-o", library, "-lm", "-lpthread"]
        subprocess.run(command, check=True)
        self._library = ctypes.CDLL(str(library))
        self._library.launch.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]


class Function:
    def __init__(self, cupy, name, number):
        self.cupy, self.name, self.number = cupy, name, number

    def __call__(self, grid, block, arguments):
        assert len(grid) == len(block) == 1 and 0 < block[0] <= 1024 and not block[0] & (block[0] - 1)
        call = self.number, grid[0], block[0], arguments
        if self.cupy.capturing is not None:
            self.cupy.capturing.append((self.name, call))
        elif not arguments[0].item():  # a call that is to load the function does nothing: a test sees to that
            self.cupy.log.append(self.name)
            self.cupy.do(*call)


class Stream:
    def __init__(self, cupy, non_blocking):
        assert non_blocking  # the default stream cannot capture
        self.cupy, self.current = cupy, False

    def __enter__(self):
        self.current = True

    def __exit__(self, *raised):
        self.current = False

    def begin_capture(self):
        assert self.current and self.cupy.capturing is None
        self.cupy.log.append("begin")
        self.cupy.capturing = []

    def end_capture(self):
        calls, self.cupy.capturing = self.cupy.capturing, None
        self.cupy.log.append("end")
        self.cupy.graphs.append(Graph(self.cupy, calls))
        return self.cupy.graphs[-1]


class Graph:
    def __init__(self, cupy, calls):
        self.cupy, self.calls = cupy, calls

    def launch(self):
        assert self.cupy.capturing is None
        self.cupy.log.append(tuple(name for name, _ in self.calls))
        for _, call in self.calls:
            self.cupy.do(*call)


def errors(source, library):
    """Return what NVRTC has to say against a source, "" if it compiles it."""
    program = ctypes.c_void_p()
    assert library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernels.cu", 0, None, None) == 0
    failed = library.nvrtcCompileProgram(program, 1, (ctypes.c_char_p * 1)(b"--fmad=false"))
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return log.value.decode() if failed else ""
