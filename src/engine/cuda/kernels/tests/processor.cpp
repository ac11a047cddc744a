// Lets a processor run kernels.cu, block by block: what CUDA's compiler knows by itself. The file is put before it by the
// tests, which put a way in for every kernel behind it.

#include <cmath>
#include <cstring>
#include <functional>
#include <ucontext.h>
#include <utility>
#include <vector>

struct Index {
    unsigned x;
};

static Index blockIdx, threadIdx, gridDim, blockDim;

// A thread of a block that waits for the others: it goes on where it was.
struct Thread {
    ucontext_t place;
    std::vector<char> stack = std::vector<char>(1 << 16);
    bool done = false;
};

static ucontext_t block_place;
static std::vector<Thread> block_threads;
static std::function<void()> thread_work;

static void __syncthreads() { swapcontext(&block_threads[threadIdx.x].place, &block_place); }

static void begin_thread() {
    thread_work();
    block_threads[threadIdx.x].done = true;
}

// All threads of a block, by turns from one barrier to the next.
static void run_together(unsigned threads, const std::function<void()> &work) {
    thread_work = work;
    block_threads.resize(threads);
    for (Thread &thread : block_threads) {
        thread.done = false;
        getcontext(&thread.place);
        thread.place.uc_stack.ss_sp = thread.stack.data();
        thread.place.uc_stack.ss_size = thread.stack.size();
        thread.place.uc_link = &block_place;
        makecontext(&thread.place, begin_thread, 0);
    }
    for (bool all_done = false; !all_done;) {
        all_done = true;
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++) {
            Thread &thread = block_threads[threadIdx.x];
            if (!thread.done) swapcontext(&block_place, &thread.place);
            all_done = all_done && thread.done;
        }
    }
}

struct float4 {
    float x, y, z, w;
};

static unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

#define __global__
#define __device__ static
// One block runs at a time.
#define __shared__ static

template <class... A, size_t... I>
static void call(void (*kernel)(A...), void **arguments, std::index_sequence<I...>) {
    kernel(*static_cast<std::remove_cv_t<A> *>(arguments[I])...);
}

// Blocks one after another; their threads too, but where they wait for each other.
template <class... A>
static void run(void (*kernel)(A...), unsigned blocks, unsigned threads, void **arguments, bool together) {
    gridDim.x = blocks;
    blockDim.x = threads;
    auto work = [=] { call(kernel, arguments, std::index_sequence_for<A...>()); };
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
        if (together) {
            run_together(threads, work);
            continue;
        }
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++) work();
    }
}
