//! Every kernel against the processor's code, over odd shapes.

mod convolution;
mod pixels;
mod processor;
mod vectors;

use candle_core::{Device, Tensor};

use processor::{Processor, at, processor};

use super::Size;

fn tensor(values: &[f32], size: Size) -> Tensor {
    Tensor::from_slice(values, size, &Device::Cpu).unwrap()
}

fn read(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn count((height, width, channels): Size) -> usize {
    height * width * channels
}

/// Alike to a part of the largest value: sums are taken in another order.
#[track_caller]
fn alike(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let close = (found - expected).abs() <= tolerance * largest || found.to_bits() == expected.to_bits();
        assert!(close, "value {i} is {found}, expected {expected}");
    }
}
