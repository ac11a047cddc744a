//! Kernels of convolutions in the orders in which a card reads them, from `[out][in][3][3]`.

/// Values of a 3x3 kernel.
const TAPS: usize = 9;

/// `[out][3][3][in]`, as cuDNN wants them for maps whose channels lie side by side.
pub fn forward(in_channels: usize, out_channels: usize, weight: &[f32]) -> Vec<f32> {
    let mut kernels = Vec::with_capacity(weight.len());
    for output in 0..out_channels {
        for tap in 0..TAPS {
            kernels.extend((0..in_channels).map(|input| weight[(output * in_channels + input) * TAPS + tap]));
        }
    }
    kernels
}

/// `[in][3][3][out]`, turned by 180 degrees: the convolution with these is the input gradient of that with the others.
pub fn backward(in_channels: usize, out_channels: usize, weight: &[f32]) -> Vec<f32> {
    let mut kernels = Vec::with_capacity(weight.len());
    for input in 0..in_channels {
        for tap in (0..TAPS).rev() {
            kernels.extend((0..out_channels).map(|output| weight[(output * in_channels + input) * TAPS + tap]));
        }
    }
    kernels
}

/// `[3][3][colours][out]`, as `forward_canvas` and `canvas_gradient` read them.
pub fn canvas(colours: usize, out_channels: usize, weight: &[f32]) -> Vec<f32> {
    let mut kernels = Vec::with_capacity(weight.len());
    for tap in 0..TAPS {
        for colour in 0..colours {
            kernels.extend((0..out_channels).map(|output| weight[(output * colours + colour) * TAPS + tap]));
        }
    }
    kernels
}
