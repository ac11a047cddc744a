// Lets a processor run kernels.cu, block by block: what CUDA's compiler knows by itself. The file is put before it by the
// tests, which put a way in for every kernel behind it.

#include <barrier>
#include <cmath>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

struct Index {
    unsigned x;
};

static thread_local Index blockIdx, threadIdx;
static Index gridDim, blockDim;
static std::barrier<> *block_barrier;

static void __syncthreads() { block_barrier->arrive_and_wait(); }

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

// Threads of a block run one after another, or, where they wait for each other, together.
template <class... A>
static void run(void (*kernel)(A...), unsigned blocks, unsigned threads, void **arguments, bool together) {
    gridDim.x = blocks;
    blockDim.x = threads;
    for (unsigned block = 0; block < blocks; block++) {
        auto run_thread = [=](unsigned thread) {
            blockIdx.x = block;
            threadIdx.x = thread;
            call(kernel, arguments, std::index_sequence_for<A...>());
        };
        if (!together) {
            for (unsigned thread = 0; thread < threads; thread++) run_thread(thread);
            continue;
        }
        std::barrier<> all(threads);
        block_barrier = &all;
        std::vector<std::thread> running;
        for (unsigned thread = 0; thread < threads; thread++) running.emplace_back(run_thread, thread);
        for (auto &thread : running) thread.join();
    }
}
