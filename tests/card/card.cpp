// A CUDA card made of the processor, put behind kernels.cu by scripts/check-cuda-without-card.sh: as much of the driver, cuBLAS,
// cuRAND and cuDNN as the engine asks for. So everything but the card itself is tested where there is none.
//
// It is stricter than a card: memory holds NaN until it is written and after it is freed, ends at CARD_BYTES, and every address
// that goes into a library must have been allocated; shapes and handles are compared. cuDNN refuses some of what is asked, as
// the real one does on some shapes. CARD_FAILS names a step of the start that fails.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

#define API extern "C" __attribute__((visibility("default")))
typedef int Status;

// Handles, of which there is one each.
#define CONTEXT ((void *)16)
#define STREAM ((void *)32)
#define POOL ((void *)64)
#define OUR_KERNELS ((void *)80)
#define OTHER_KERNELS ((void *)96)
#define LIBRARY ((void *)128)

static bool fails(const char *step) {
    const char *named = getenv("CARD_FAILS");
    return named && std::string(named) == step;
}

// ---- Memory.

static std::mutex memory;
static std::map<uint64_t, size_t> allocations;
static size_t used_bytes;

static size_t card_bytes() {
    const char *bytes = getenv("CARD_BYTES");
    return bytes ? strtoull(bytes, nullptr, 10) : size_t(8) << 30;
}

[[noreturn]] static void complain(const char *what, uint64_t address, size_t bytes) {
    fprintf(stderr, "CARD: %s, %zu bytes at %llx\n", what, bytes, (unsigned long long)address);
    abort();
}

static void must_be_allocated(const void *address, size_t bytes, const char *whose) {
    std::lock_guard<std::mutex> guard(memory);
    uint64_t begin = (uint64_t)address;
    auto after = allocations.upper_bound(begin);
    if (after == allocations.begin()) complain(whose, begin, bytes);
    auto [start, length] = *--after;
    if (begin + bytes > start + length) complain(whose, begin, bytes);
}

static thread_local void *current_context;

API Status cuMemAllocAsync(uint64_t *address, size_t bytes, void *stream) {
    if (current_context != CONTEXT || stream != STREAM) return 201;
    std::lock_guard<std::mutex> guard(memory);
    if (used_bytes + bytes > card_bytes()) return 2;
    *address = (uint64_t)aligned_alloc(256, (bytes / 256 + 1) * 256);
    memset((void *)*address, 0xff, bytes);
    allocations[*address] = bytes;
    used_bytes += bytes;
    return 0;
}

API Status cuMemFreeAsync(uint64_t address, void *) {
    std::lock_guard<std::mutex> guard(memory);
    auto found = allocations.find(address);
    if (found == allocations.end()) complain("freed, but not allocated", address, 0);
    memset((void *)address, 0xff, found->second);
    used_bytes -= found->second;
    allocations.erase(found);
    free((void *)address);
    return 0;
}

API Status cuMemGetInfo_v2(size_t *free_bytes, size_t *total) {
    *total = card_bytes();
    *free_bytes = *total - used_bytes;
    return 0;
}

API Status cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t bytes, void *) {
    must_be_allocated(to, bytes, "copied to the card");
    memcpy(to, from, bytes);
    return 0;
}

API Status cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t bytes, void *) {
    must_be_allocated(from, bytes, "copied from the card");
    memcpy(to, from, bytes);
    return 0;
}

API Status cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t bytes, void *) {
    must_be_allocated(to, bytes, "copied on the card");
    must_be_allocated(from, bytes, "copied on the card");
    memmove(to, from, bytes);
    return 0;
}

API Status cuMemsetD8Async(void *to, unsigned char value, size_t bytes, void *) {
    must_be_allocated(to, bytes, "set");
    memset(to, value, bytes);
    return 0;
}

API Status cuDeviceGetDefaultMemPool(void **pool, int) { return *pool = POOL, 0; }
API Status cuMemPoolSetAttribute(void *pool, int, void *) { return pool == POOL ? 0 : 1; }
API Status cuMemPoolTrimTo(void *pool, size_t) { return pool == POOL ? 0 : 1; }

// ---- The driver.

API Status cuInit(unsigned) { return fails("driver") ? 100 : 0; }
API Status cuDeviceGetCount(int *count) { return *count = fails("cards") ? 0 : 1, 0; }
API Status cuDeviceGet(int *device, int number) { return *device = number, 0; }
API Status cuDeviceGetName(char *name, int length, int) { return snprintf(name, length, "Processor as a card"), 0; }
API Status cuDeviceGetAttribute(int *value, int, int) { return *value = 1, 0; }
API Status cuDevicePrimaryCtxRetain(void **context, int) { return *context = CONTEXT, 0; }
API Status cuDevicePrimaryCtxRelease_v2(int) { return 0; }
API Status cuCtxGetCurrent(void **context) { return *context = current_context, 0; }
API Status cuCtxSetCurrent(void *context) { return current_context = context, 0; }
API Status cuCtxSynchronize() { return 0; }
API Status cuStreamCreate(void **stream, unsigned) { return *stream = STREAM, 0; }
API Status cuStreamDestroy_v2(void *) { return 0; }
API Status cuStreamSynchronize(void *stream) { return stream == STREAM ? 0 : 400; }
API Status cuStreamIsCapturing(void *, int *status) { return *status = 0, 0; }
API Status cuGetErrorName(int error, const char **name) {
    return *name = error == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : error == 500 ? "CUDA_ERROR_NOT_FOUND" : "an error", 0;
}
API Status cuGetErrorString(int error, const char **text) { return *text = error == 2 ? "out of memory" : "an error", 0; }

typedef void (*Entry)(unsigned blocks, unsigned threads, void **arguments);
static Entry find_kernel(const char *name);

API Status cuModuleLoadData(void **module, const void *image) {
    // The tensor library brings kernels of its own, which cannot run here.
    bool ours = strstr((const char *)image, "add_scaled_by");
    *module = ours ? OUR_KERNELS : OTHER_KERNELS;
    return ours && fails("version") ? 222 : 0;
}

API Status cuModuleUnload(void *) { return 0; }

API Status cuModuleGetFunction(void **function, void *module, const char *name) {
    *function = module == OUR_KERNELS ? (void *)find_kernel(name) : nullptr;
    return *function ? 0 : 500;
}

API Status cuLaunchKernel(void *function, unsigned blocks, unsigned grid_y, unsigned grid_z, unsigned threads, unsigned block_y,
                          unsigned block_z, unsigned shared_bytes, void *stream, void **arguments, void **) {
    if (current_context != CONTEXT || stream != STREAM || shared_bytes || grid_y * grid_z * block_y * block_z != 1) return 1;
    ((Entry)function)(blocks, threads, arguments);
    return 0;
}

// ---- cuRAND: there, and never asked for a number.

API Status curandCreateGenerator(void **generator, int) { return *generator = LIBRARY, 0; }
API Status curandSetPseudoRandomGeneratorSeed(void *, unsigned long long) { return 0; }
API Status curandSetStream(void *, void *stream) { return stream == STREAM ? 0 : 1; }
API Status curandDestroyGenerator(void *) { return 0; }

// ---- cuBLAS: f32, column by column.

API Status cublasCreate_v2(void **handle) { return *handle = LIBRARY, 0; }
API Status cublasDestroy_v2(void *) { return 0; }
API Status cublasSetStream_v2(void *, void *stream) { return stream == STREAM ? 0 : 7; }

API Status cublasGemmEx(void *handle, int transpose_a, int transpose_b, int m, int n, int k, const float *alpha, const float *a,
                        int a_type, int lda, const float *b, int b_type, int ldb, const float *beta, float *c, int c_type,
                        int ldc, int, int) {
    bool known = handle == LIBRARY && !transpose_a && !a_type && !b_type && !c_type;
    if (!known || lda < m || ldc < m || ldb < (transpose_b ? n : k)) return 7;
    must_be_allocated(a, sizeof(float) * lda * k, "left of a product");
    must_be_allocated(b, sizeof(float) * ldb * (transpose_b ? k : n), "right of a product");
    must_be_allocated(c, sizeof(float) * ldc * n, "result of a product");
    std::vector<double> sums(m);
    for (int column = 0; column < n; column++) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (int i = 0; i < k; i++) {
            double right = transpose_b ? b[(size_t)i * ldb + column] : b[(size_t)column * ldb + i];
            for (int row = 0; row < m; row++) sums[row] += right * a[(size_t)i * lda + row];
        }
        for (int row = 0; row < m; row++) {
            float *value = c + (size_t)column * ldc + row;
            *value = (float)(*alpha * sums[row]) + (*beta == 0.0f ? 0.0f : *beta * *value);
        }
    }
    return 0;
}

// As the tensor library asks for it.
API Status cublasGemmStridedBatchedEx(void *handle, int transpose_a, int transpose_b, int m, int n, int k, const float *alpha,
                                      const float *a, int a_type, int lda, long long a_stride, const float *b, int b_type,
                                      int ldb, long long b_stride, const float *beta, float *c, int c_type, int ldc,
                                      long long c_stride, int count, int compute, int algorithm) {
    Status status = 0;
    for (int i = 0; !status && i < count; i++)
        status = cublasGemmEx(handle, transpose_a, transpose_b, m, n, k, alpha, a + i * a_stride, a_type, lda, b + i * b_stride,
                              b_type, ldb, beta, c + i * c_stride, c_type, ldc, compute, algorithm);
    return status;
}

// ---- cuDNN: 3x3 convolutions, stride 1, padding 1, channels side by side.

#define BAD_PARAMETER 2000
#define NOT_SUPPORTED 3000
#define DEFAULT_MATH 0
#define FMA_MATH 3
#define WORKSPACE_BYTES 1000

struct Descriptor {
    char kind;
    int values[6];
    int math;
};

API Status cudnnCreate(void **handle) { return *handle = LIBRARY, 0; }
API Status cudnnDestroy(void *) { return 0; }
API Status cudnnSetStream(void *, void *stream) { return stream == STREAM ? 0 : BAD_PARAMETER; }

static Status create(Descriptor **descriptor, char kind) { return *descriptor = new Descriptor{kind, {}, 0}, 0; }

static Status destroy(Descriptor *descriptor, char kind) {
    if (descriptor->kind != kind) return BAD_PARAMETER;
    delete descriptor;
    return 0;
}

static Status set(Descriptor *descriptor, char kind, bool known, std::initializer_list<int> values) {
    if (descriptor->kind != kind || !known) return BAD_PARAMETER;
    std::copy(values.begin(), values.end(), descriptor->values);
    return 0;
}

API Status cudnnCreateTensorDescriptor(Descriptor **d) { return create(d, 't'); }
API Status cudnnCreateFilterDescriptor(Descriptor **d) { return create(d, 'f'); }
API Status cudnnCreateConvolutionDescriptor(Descriptor **d) { return create(d, 'c'); }
API Status cudnnCreateActivationDescriptor(Descriptor **d) { return create(d, 'a'); }
API Status cudnnDestroyTensorDescriptor(Descriptor *d) { return destroy(d, 't'); }
API Status cudnnDestroyFilterDescriptor(Descriptor *d) { return destroy(d, 'f'); }
API Status cudnnDestroyConvolutionDescriptor(Descriptor *d) { return destroy(d, 'c'); }
API Status cudnnDestroyActivationDescriptor(Descriptor *d) { return destroy(d, 'a'); }
API Status cudnnSetTensor4dDescriptor(Descriptor *d, int format, int type, int n, int c, int h, int w) {
    return set(d, 't', format == 1 && type == 0, {n, c, h, w});
}
API Status cudnnSetFilter4dDescriptor(Descriptor *d, int type, int format, int k, int c, int h, int w) {
    return set(d, 'f', format == 1 && type == 0, {k, c, h, w});
}
API Status cudnnSetConvolution2dDescriptor(Descriptor *d, int pad_y, int pad_x, int stride_y, int stride_x, int dilation_y,
                                           int dilation_x, int mode, int type) {
    return set(d, 'c', mode == 1 && type == 0, {pad_y, pad_x, stride_y, stride_x, dilation_y, dilation_x});
}
API Status cudnnSetConvolutionMathType(Descriptor *d, int math) { return d->math = math, 0; }
API Status cudnnSetActivationDescriptor(Descriptor *d, int mode, int, double) { return set(d, 'a', mode == 1, {mode}); }

// Bytes of a map.
static size_t bytes(const Descriptor *map) { return sizeof(float) * map->values[1] * map->values[2] * map->values[3]; }

static Status convolve(Descriptor *in, const float *x, Descriptor *filter, const float *w, Descriptor *how, Descriptor *out,
                       float *y) {
    if (in->kind != 't' || filter->kind != 'f' || how->kind != 'c' || out->kind != 't') return BAD_PARAMETER;
    int height = in->values[2], width = in->values[3], inputs = in->values[1], outputs = out->values[1];
    int wanted[] = {outputs, inputs, 3, 3}, ones[] = {1, 1, 1, 1, 1, 1};
    if (memcmp(filter->values, wanted, sizeof wanted) || memcmp(how->values, ones, sizeof ones)) return BAD_PARAMETER;
    if (in->values[0] != 1 || out->values[0] != 1 || out->values[2] != height || out->values[3] != width) return BAD_PARAMETER;
    must_be_allocated(x, bytes(in), "input of a convolution");
    must_be_allocated(w, sizeof(float) * 9 * inputs * outputs, "kernels of a convolution");
    must_be_allocated(y, bytes(out), "output of a convolution");
    for (int pixel = 0; pixel < height * width; pixel++) {
        for (int output = 0; output < outputs; output++) {
            float sum = 0.0f;
            for (int tap = 0; tap < 9; tap++) {
                int from_y = pixel / width + tap / 3 - 1, from_x = pixel % width + tap % 3 - 1;
                if (from_y < 0 || from_x < 0 || from_y >= height || from_x >= width) continue;
                const float *values = x + ((size_t)from_y * width + from_x) * inputs;
                const float *weights = w + ((size_t)output * 9 + tap) * inputs;
                for (int input = 0; input < inputs; input++) sum += values[input] * weights[input];
            }
            y[(size_t)pixel * outputs + output] = sum;
        }
    }
    return 0;
}

struct Performance {
    int algorithm, status;
    float time;
    size_t memory;
    int determinism, math, reserved[3];
};

API Status cudnnFindConvolutionForwardAlgorithmEx(void *, Descriptor *, const float *, Descriptor *, const float *,
                                                  Descriptor *, Descriptor *out, float *y, int room, int *count,
                                                  Performance *found, void *workspace, size_t workspace_bytes) {
    if (room < 3) return BAD_PARAMETER;
    if (workspace_bytes) must_be_allocated(workspace, workspace_bytes, "workspace");
    must_be_allocated(y, bytes(out), "output while algorithms are tried");
    memset(y, 0xff, bytes(out));
    // The quickest does not work; the next needs a workspace and the arithmetic that it was measured with.
    found[0] = {6, NOT_SUPPORTED, -1.0f, 0, 1, DEFAULT_MATH, {}};
    found[1] = {0, 0, 2.0f, 0, 1, DEFAULT_MATH, {}};
    found[2] = {1, 0, 1.0f, WORKSPACE_BYTES, 1, FMA_MATH, {}};
    *count = 3;
    return 0;
}

static bool as_found(int algorithm, Descriptor *how, void *workspace, size_t bytes) {
    return algorithm == 0 || (algorithm == 1 && how->math == FMA_MATH && workspace && bytes == WORKSPACE_BYTES);
}

API Status cudnnConvolutionForward(void *, const float *alpha, Descriptor *in, const float *x, Descriptor *filter,
                                   const float *w, Descriptor *how, int algorithm, void *workspace, size_t workspace_bytes,
                                   const float *beta, Descriptor *out, float *y) {
    if (*alpha != 1.0f || *beta != 0.0f || !as_found(algorithm, how, workspace, workspace_bytes)) return BAD_PARAMETER;
    return convolve(in, x, filter, w, how, out, y);
}

API Status cudnnConvolutionBiasActivationForward(void *, const float *alpha, Descriptor *in, const float *x, Descriptor *filter,
                                                 const float *w, Descriptor *how, int algorithm, void *workspace,
                                                 size_t workspace_bytes, const float *beta, Descriptor *, const float *,
                                                 Descriptor *bias_of, const float *bias, Descriptor *activation, Descriptor *out,
                                                 float *y) {
    if (in->values[1] % 256) return NOT_SUPPORTED;
    if (*alpha != 1.0f || *beta != 0.0f || !as_found(algorithm, how, workspace, workspace_bytes)) return BAD_PARAMETER;
    if (activation->kind != 'a' || bias_of->values[1] != out->values[1]) return BAD_PARAMETER;
    must_be_allocated(bias, sizeof(float) * out->values[1], "bias");
    Status status = convolve(in, x, filter, w, how, out, y);
    for (size_t i = 0; !status && i < bytes(out) / sizeof(float); i++) y[i] = fmaxf(y[i] + bias[i % out->values[1]], 0.0f);
    return status;
}
