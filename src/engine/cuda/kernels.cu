// Everything on a card that is neither a convolution nor a matrix product. `kernels.rs` describes how each is launched.
//
// Maps are (height, width, channels), contiguous, f32. A thread makes one value unless a kernel says otherwise, and the last
// argument says how many threads have one to make. The arithmetic is that of the processor's code, which a test holds every
// kernel to: the file is C++ but for the words of CUDA.

typedef unsigned long long Count;
typedef unsigned int Word;

#define KERNEL extern "C" __global__ void
#define INDEX ((Count)blockIdx.x * blockDim.x + threadIdx.x)
#define STRIDE ((Count)gridDim.x * blockDim.x)

// ---- Vectors: y, others, three numbers, threads.

KERNEL fill(float *y, float a, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = a;
}

KERNEL scale(float *y, float a, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = a * y[i];
}

KERNEL copy(float *y, const float *x, float, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = x[i];
}

KERNEL scale_add(float *y, const float *x, float a, float b, float, Count n) {
    Count i = INDEX;
    // Not a product with zero: whatever y held, NaN too, must not survive.
    if (i < n) y[i] = b == 0.0f ? a * x[i] : a * x[i] + b * y[i];
}

// The scale is known on the card only: two numbers with a factor each, added up.
KERNEL add_scaled_by(float *y, const float *x, const double *a, double of_a, const double *b, double of_b, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = (float)(of_a * *a + of_b * *b) * x[i] + y[i];
}

KERNEL multiply(float *y, const float *x, float, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = x[i] * y[i];
}

KERNEL scale_difference(float *y, const float *x, float a, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = a * (y[i] - x[i]);
}

KERNEL take_where_positive(float *y, const float *x, float, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = y[i] > 0.0f ? x[i] : 0.0f;
}

KERNEL average_squares(float *y, const float *x, float decay, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = decay * y[i] + (1.0f - decay) * x[i] * x[i];
}

KERNEL difference(float *y, const float *u, const float *v, float a, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = a * (u[i] - v[i]);
}

KERNEL add_difference(float *y, const float *u, const float *v, float a, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = y[i] + a * (u[i] - v[i]);
}

KERNEL blend(float *y, const float *x, const float *a, float, float, float, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = a[i] * y[i] + (1.0f - a[i]) * x[i];
}

KERNEL adam_step(float *y, const float *m, const float *v, float step, float scale, float epsilon, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = y[i] - step * m[i] / (sqrtf(v[i]) * scale + epsilon);
}

// ---- Sums: every block leaves one, `sum_of_blocks` adds those up in their order.

#define BLOCK 256

__device__ void leave_sum_of_block(double sum, double *sums) {
    __shared__ double shared[BLOCK];
    shared[threadIdx.x] = sum;
    for (Word half = BLOCK / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = shared[0];
}

// kind: 0 a b, 1 (a - b)^2, 2 |a|
KERNEL reduce(const float *a, const float *b, double *sums, int kind, Count n) {
    double sum = 0.0;
    for (Count i = INDEX; i < n; i += STRIDE) {
        float x = a[i], y = b[i];
        sum += kind == 0 ? x * y : kind == 1 ? (x - y) * (x - y) : fabsf(x);
    }
    leave_sum_of_block(sum, sums);
}

KERNEL sum_of_blocks(const double *sums, double *sum, double factor, Count n) {
    double own = 0.0;
    for (Count i = INDEX; i < n; i += STRIDE) own += sums[i];
    leave_sum_of_block(factor * own, sum);
}

// Sums of every channel over a chunk of pixels: (chunks, channels). A thread takes one channel of one chunk.
KERNEL sums_of_channels(const float *map, double *sums, Count pixels, int channels, int chunk, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    Count channel = i % channels, first = i / channels * chunk;
    Count last = first + chunk < pixels ? first + chunk : pixels;
    double sum = 0.0;
    for (Count pixel = first; pixel < last; pixel++) sum += map[pixel * channels + channel];
    sums[i] = sum;
}

KERNEL mean_of_chunks(const double *sums, float *mean, Count pixels, int channels, int chunks, Count n) {
    Count channel = INDEX;
    if (channel >= n) return;
    double sum = 0.0;
    for (int chunk = 0; chunk < chunks; chunk++) sum += sums[(Count)chunk * channels + channel];
    mean[channel] = (float)(sum / (double)pixels);
}

// ---- What happens to a convolution's output, and pooling. See `conv/finish.rs` for the marks.

#define MARKS 15u
// A quarter of what average pooling is multiplied with, which is two.
#define AVERAGE_SHARE 0.5f

__device__ float marked(float value, Word marks) {
    return __uint_as_float((__float_as_uint(value) & ~MARKS) | marks);
}

__device__ float pool_square(float a, float b, float c, float d, int average) {
    if (average) {
        Word marks = (a > 0.0f) | (b > 0.0f) << 1 | (c > 0.0f) << 2 | (d > 0.0f) << 3;
        return marked((a + b + (c + d)) * AVERAGE_SHARE, marks);
    }
    float most = fmaxf(fmaxf(a, b), fmaxf(c, d));
    Word marks = a == most ? 1 : b == most ? 2 : c == most ? 4 : 8;
    return marked(most, most > 0.0f ? marks : 0);
}

// What a pixel of a map gets of the marked gradient of its pooled map, half as high and wide.
__device__ float unpooled(const float *pooled, Count i, int height, int width, int channels, int average) {
    Count channel = i % channels, pixel = i / channels;
    int y = pixel / width, x = pixel % width;
    // Odd rows and columns at the far edges were dropped by the pooling.
    if (y / 2 >= height / 2 || x / 2 >= width / 2) return 0.0f;
    float gradient = pooled[((Count)(y / 2) * (width / 2) + x / 2) * channels + channel];
    bool mine = __float_as_uint(gradient) >> (2 * (y % 2) + x % 2) & 1;
    return mine ? (average ? gradient * AVERAGE_SHARE : gradient) : 0.0f;
}

KERNEL bias_relu(float *y, const float *bias, int channels, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = fmaxf(y[i] + bias[i % channels], 0.0f);
}

// Height and width are those before the pooling; without a bias the map went through its ReLU already.
KERNEL bias_relu_pool(const float *map, const float *bias, float *pooled, int height, int width, int channels, int average,
                      Count n) {
    Count i = INDEX;
    if (i >= n) return;
    Count channel = i % channels, pixel = i / channels, row = (Count)width * channels;
    Count y = pixel / (width / 2), x = pixel % (width / 2);
    const float *at = map + 2 * y * row + 2 * x * channels + channel;
    float square[4] = {at[0], at[channels], at[row], at[row + channels]};
    if (bias)
        for (int k = 0; k < 4; k++) square[k] = fmaxf(square[k] + bias[channel], 0.0f);
    pooled[i] = pool_square(square[0], square[1], square[2], square[3], average);
}

KERNEL unpool(const float *pooled, float *gradient, int height, int width, int channels, int average, Count n) {
    Count i = INDEX;
    if (i < n) gradient[i] = unpooled(pooled, i, height, width, channels, average);
}

KERNEL unpool_features(float *features, const float *pooled, const float *loss, int height, int width, int channels,
                       int average, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    float gradient = unpooled(pooled, i, height, width, channels, average) + (loss ? loss[i] : 0.0f);
    features[i] = features[i] > 0.0f ? gradient : 0.0f;
}

KERNEL replace_features(float *y, const float *gradient, const float *loss, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = y[i] > 0.0f ? gradient[i] + (loss ? loss[i] : 0.0f) : 0.0f;
}

KERNEL replace_pooled(float *y, const float *gradient, Count n) {
    Count i = INDEX;
    if (i < n) y[i] = marked(gradient[i], __float_as_uint(y[i]) & MARKS);
}

// ---- The convolution next to the pixels. See `conv/direct.rs`. Kernels are (3, 3, colours, channels).

#define COLOURS 3
#define CANVAS_RUN 8

// The position seen at `tap` around `at`; below zero stands for zeros.
__device__ int seen(int replicate, int at, int tap, int length) {
    int position = at + tap - 1;
    if (position >= 0 && position < length) return position;
    return !replicate ? -1 : position < 0 ? 0 : length - 1;
}

// A thread takes one channel of CANVAS_RUN pixels, so that it reads its kernel once.
KERNEL forward_canvas(const float *canvas, const float *kernels, const float *bias, float *output, int height, int width,
                      int channels, int replicate, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    Count channel = i % channels, first = i / channels * CANVAS_RUN, pixels = (Count)height * width;
    float kernel[9 * COLOURS];
    for (int k = 0; k < 9 * COLOURS; k++) kernel[k] = kernels[k * channels + channel];
    for (Count pixel = first; pixel < first + CANVAS_RUN && pixel < pixels; pixel++) {
        int y = pixel / width, x = pixel % width;
        float sum = 0.0f;
        for (int dy = 0; dy < 3; dy++) {
            int from_y = seen(replicate, y, dy, height);
            for (int dx = 0; dx < 3; dx++) {
                int from_x = seen(replicate, x, dx, width);
                if (from_y < 0 || from_x < 0) continue;
                const float *at = canvas + ((Count)from_y * width + from_x) * COLOURS;
                for (int colour = 0; colour < COLOURS; colour++)
                    sum += at[colour] * kernel[(dy * 3 + dx) * COLOURS + colour];
            }
        }
        output[pixel * channels + channel] = fmaxf(sum + bias[channel], 0.0f);
    }
}

// A thread takes all colours of one pixel; channels are a multiple of four.
KERNEL canvas_gradient(const float *gradient, const float *kernels, float *output, int height, int width, int channels,
                       int replicate, Count n) {
    Count pixel = INDEX;
    if (pixel >= n) return;
    int y = pixel / width, x = pixel % width;
    float sum[COLOURS] = {0.0f, 0.0f, 0.0f};
    for (int to_y = y > 0 ? y - 1 : 0; to_y <= y + 1 && to_y < height; to_y++) {
        for (int dy = 0; dy < 3; dy++) {
            if (seen(replicate, to_y, dy, height) != y) continue;
            for (int to_x = x > 0 ? x - 1 : 0; to_x <= x + 1 && to_x < width; to_x++) {
                for (int dx = 0; dx < 3; dx++) {
                    if (seen(replicate, to_x, dx, width) != x) continue;
                    const float4 *at = (const float4 *)(gradient + ((Count)to_y * width + to_x) * channels);
                    const float4 *kernel = (const float4 *)(kernels + (dy * 3 + dx) * COLOURS * channels);
                    for (int c = 0; c < channels / 4; c++) {
                        float4 g = at[c];
                        for (int colour = 0; colour < COLOURS; colour++) {
                            float4 k = kernel[colour * (channels / 4) + c];
                            sum[colour] += g.x * k.x + g.y * k.y + g.z * k.z + g.w * k.w;
                        }
                    }
                }
            }
        }
    }
    for (int colour = 0; colour < COLOURS; colour++) output[pixel * COLOURS + colour] = sum[colour];
}

// ---- The canvas.

KERNEL clamp_colours(float *canvas, float red, float green, float blue, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    int colour = i % COLOURS;
    float mean = colour == 0 ? red : colour == 1 ? green : blue, value = canvas[i];
    canvas[i] = value < -mean ? -mean : value > 255.0f - mean ? 255.0f - mean : value;
}

// The metric of L-BFGS, see `optimizer/metric.rs`; height and width are those of the canvas, not of its half. What lies beyond
// an edge is mirrored; the last of an odd number is alone in its pair, and its two weights count sqrt(2) times.
__device__ int taps_of(int at, int len) { return 2 * at + 1 == len ? 2 : 4; }

__device__ float tap_weight(int tap, int count) { return (tap == 1 || tap == 2 ? 0.375f : 0.125f) * (count == 2 ? 1.41421356f : 1.0f); }

__device__ int tap_pixel(int at, int tap, int len) {
    int pixel = 2 * at + tap - 1;
    return pixel < 0 ? 0 : pixel < len ? pixel : len - 1;
}

// How much pixel `pixel` is in the pixel `at` of the half canvas, along a side of `len`.
__device__ float share_in_half(int at, int pixel, int len) {
    float share = 0.0f;
    int count = taps_of(at, len);
    for (int tap = 0; tap < count; tap++) {
        if (tap_pixel(at, tap, len) == pixel) share += tap_weight(tap, count);
    }
    return share;
}

KERNEL halve(const float *canvas, float *half, int height, int width, int channels, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    int half_width = (width + 1) / 2;
    Count pixel = i / channels;
    int channel = i % channels, half_y = (int)(pixel / half_width), half_x = (int)(pixel % half_width);
    int downs = taps_of(half_y, height), acrosses = taps_of(half_x, width);
    float sum = 0.0f;
    for (int down = 0; down < downs; down++) {
        for (int across = 0; across < acrosses; across++) {
            int y = tap_pixel(half_y, down, height), x = tap_pixel(half_x, across, width);
            float weight = tap_weight(down, downs) * tap_weight(across, acrosses);
            sum += weight * canvas[((Count)y * width + x) * channels + channel];
        }
    }
    half[i] = sum;
}

KERNEL add_enlarged(const float *half, float *canvas, float gain, int height, int width, int channels, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    int half_height = (height + 1) / 2, half_width = (width + 1) / 2;
    Count pixel = i / channels;
    int channel = i % channels, y = (int)(pixel / width), x = (int)(pixel % width);
    float sum = 0.0f;
    for (int half_y = y / 2 - 1; half_y <= y / 2 + 1; half_y++) {
        for (int half_x = x / 2 - 1; half_x <= x / 2 + 1; half_x++) {
            if (half_y < 0 || half_y >= half_height || half_x < 0 || half_x >= half_width) continue;
            float weight = 4.0f * share_in_half(half_y, y, height) * share_in_half(half_x, x, width);
            sum += weight * half[((Count)half_y * half_width + half_x) * channels + channel];
        }
    }
    canvas[i] += gain * sum;
}

// Total variation, see `loss/tv.rs`: its two norms.
struct Norm {
    bool absolute;
    float side, diagonal;
};

__device__ Norm norm_of(int absolute) {
    Norm squared = {false, 2.0f / 3.0f, 1.0f / 6.0f}, rounded = {true, 1.0f, 0.70710678f};
    return absolute ? rounded : squared;
}

#define ABSOLUTE_SCALE 28.0f
#define ABSOLUTE_ROUNDING 1.0f

__device__ float norm_cost(Norm norm, float d) {
    if (!norm.absolute) return d * d;
    return ABSOLUTE_SCALE * (sqrtf(d * d + ABSOLUTE_ROUNDING * ABSOLUTE_ROUNDING) - ABSOLUTE_ROUNDING);
}

__device__ float norm_slope(Norm norm, float d) {
    if (!norm.absolute) return 2.0f * d;
    return ABSOLUTE_SCALE * d / sqrtf(d * d + ABSOLUTE_ROUNDING * ABSOLUTE_ROUNDING);
}

// Sums of blocks; a value answers for its pairs with what is right of it and below.
KERNEL total_variation(const float *canvas, double *sums, int height, int width, int channels, int absolute, Count n) {
    Norm norm = norm_of(absolute);
    Count row = (Count)width * channels;
    double sum = 0.0;
    for (Count i = INDEX; i < n; i += STRIDE) {
        bool left = i % row >= channels, right = i % row + channels < row, below = i / row + 1 < height;
        float value = canvas[i];
        if (right) sum += norm.side * norm_cost(norm, canvas[i + channels] - value);
        if (below) {
            sum += norm.side * norm_cost(norm, canvas[i + row] - value);
            if (right) sum += norm.diagonal * norm_cost(norm, canvas[i + row + channels] - value);
            if (left) sum += norm.diagonal * norm_cost(norm, canvas[i + row - channels] - value);
        }
    }
    leave_sum_of_block(sum, sums);
}

KERNEL add_total_variation_gradient(float *gradient, const float *canvas, float factor, int height, int width, int channels,
                                    int absolute, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    Norm norm = norm_of(absolute);
    Count row = (Count)width * channels;
    bool left = i % row >= channels, right = i % row + channels < row;
    float value = canvas[i], sum = 0.0f;
    if (left) sum += norm.side * norm_slope(norm, value - canvas[i - channels]);
    if (right) sum += norm.side * norm_slope(norm, value - canvas[i + channels]);
    for (int above = 0; above < 2; above++) {
        if (above ? i < row : i / row + 1 >= height) continue;
        const float *other = above ? canvas + i - row : canvas + i + row;
        sum += norm.side * norm_slope(norm, value - other[0]);
        if (left) sum += norm.diagonal * norm_slope(norm, value - *(other - channels));
        if (right) sum += norm.diagonal * norm_slope(norm, value - other[channels]);
    }
    gradient[i] += factor * sum;
}

// The photo's drawing, see `loss/cells.rs`. Where a cell begins along a side of `length` pixels that has `count` of them.
__device__ int cell_begin(int at, int count, int length) {
    return (int)((Count)at * length / count);
}

// The mean over the pixels and channels of each of `n` cells.
KERNEL light_of_cells(const float *canvas, float *light, int rows, int columns, int height, int width, int channels, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    int row = (int)(i / columns), column = (int)(i % columns);
    int top = cell_begin(row, rows, height), bottom = cell_begin(row + 1, rows, height);
    int left = cell_begin(column, columns, width), right = cell_begin(column + 1, columns, width);
    float sum = 0.0f;
    for (int y = top; y < bottom; y++) {
        const float *pixels = canvas + ((Count)y * width + left) * channels;
        for (int x = 0; x < (right - left) * channels; x++) sum += pixels[x];
    }
    light[i] = sum / ((float)(bottom - top) * (right - left) * channels);
}

KERNEL laplacian(const float *x, float *out, int rows, int columns, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    int row = (int)(i / columns), column = (int)(i % columns);
    float here = x[i], sum = 0.0f;
    if (row > 0) sum += here - x[i - columns];
    if (row + 1 < rows) sum += here - x[i + columns];
    if (column > 0) sum += here - x[i - 1];
    if (column + 1 < columns) sum += here - x[i + 1];
    out[i] = sum;
}

// Each of the `n` values of a canvas takes its part of what its cell is given.
KERNEL add_to_cells(const float *cells, float *canvas, float factor, int rows, int columns, int height, int width,
                    int channels, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    Count pixel = i / channels;
    int row = (int)(((pixel / width + 1) * rows - 1) / height), column = (int)(((pixel % width + 1) * columns - 1) / width);
    int down = cell_begin(row + 1, rows, height) - cell_begin(row, rows, height);
    int across = cell_begin(column + 1, columns, width) - cell_begin(column, columns, width);
    canvas[i] += factor * cells[(Count)row * columns + column] / ((float)down * across * channels);
}

// ---- Pixels and regions of maps.

KERNEL add_to_pixels(float *map, const float *vector, int channels, Count n) {
    Count i = INDEX;
    if (i < n) map[i] += vector[i % channels];
}

// add: output += share * input, else output = sqrt(share) * input
KERNEL weigh_pixels(float *output, const float *input, const float *shares, int channels, int add, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    float share = shares[i / channels];
    output[i] = add ? output[i] + share * input[i] : sqrtf(share) * input[i];
}

// Where value `i` of a part that begins at (top, left) and has rows of `part_row` values lies in its map.
__device__ Count place(Count i, int top, int left, int channels, Count map_row, Count part_row) {
    return (top + i / part_row) * map_row + (Count)left * channels + i % part_row;
}

KERNEL cut_out(float *part, const float *map, int map_width, int channels, int top, int left, int part_width, Count n) {
    Count i = INDEX;
    if (i < n) part[i] = map[place(i, top, left, channels, (Count)map_width * channels, (Count)part_width * channels)];
}

KERNEL add_in(float *map, const float *part, int map_width, int channels, int top, int left, int part_width, Count n) {
    Count i = INDEX;
    if (i < n) map[place(i, top, left, channels, (Count)map_width * channels, (Count)part_width * channels)] += part[i];
}

KERNEL clear_around(float *map, int map_width, int channels, int top, int left, int part_height, int part_width, Count n) {
    Count i = INDEX;
    if (i >= n) return;
    Count pixel = i / channels;
    long long y = pixel / map_width, x = pixel % map_width;
    if (y < top || y >= (long long)top + part_height || x < left || x >= (long long)left + part_width) map[i] = 0.0f;
}
