//! Element-wise operations and sums.

use candle_core::{Device, Tensor};

use super::{Processor, alike, at, processor, read};
use crate::engine::cuda::kernels;
use crate::engine::test_support::Noise;
use crate::engine::vector::ops::{self, Kernel, Map, ScaleAdd, Zip2, Zip3};
use crate::engine::vector::reduction::Reduction;
use crate::engine::vector::{self, Sum};

/// Two blocks and a rest.
const LEN: usize = 2 * 256 + 77;

/// Positive, negative and zero.
fn values(seed: u64) -> Vec<f32> {
    let mut values = Noise::new(seed).vec(LEN);
    values.iter_mut().step_by(7).for_each(|value| *value = 0.0);
    values.iter_mut().for_each(|value| *value *= 100.0);
    values
}

struct Bench {
    processor: &'static Processor,
    y: Vec<f32>,
    u: Vec<f32>,
    v: Vec<f32>,
}

impl Bench {
    fn new() -> Option<Self> {
        let v = values(3).iter().map(|value| value.abs()).collect();
        Some(Self { processor: processor()?, y: values(1), u: values(2), v })
    }

    /// The kernel's result against the one that `on_processor` leaves in its tensor.
    #[track_caller]
    fn compare(&self, kernel: Kernel, operands: usize, on_processor: impl FnOnce(&Tensor, &Tensor, &Tensor)) {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        let y = tensor(&self.y);
        on_processor(&y, &tensor(&self.u), &tensor(&self.v));
        let (mut found, mut u, mut v) = (self.y.clone(), self.u.clone(), self.v.clone());
        // What lies behind must stay.
        found.push(12345.0);
        let operands = &[at(&mut u), at(&mut v)][..operands];
        self.processor.launch(kernels::each(kernel, at(&mut found), operands, LEN));
        assert_eq!(found.pop(), Some(12345.0));
        alike(&found, &read(&y), 1e-6);
    }

    #[track_caller]
    fn one(&self, op: Map<impl Fn(f32) -> f32 + Sync>) {
        self.compare(op.1, 0, |y, _, _| y.inplace_op1(&op).unwrap());
    }

    #[track_caller]
    fn two(&self, op: Zip2<impl Fn(f32, f32) -> f32 + Sync>) {
        self.compare(op.1, 1, |y, u, _| y.inplace_op2(u, &op).unwrap());
    }

    #[track_caller]
    fn three(&self, op: Zip3<impl Fn(f32, f32, f32) -> f32 + Sync>) {
        self.compare(op.1, 2, |y, u, v| y.inplace_op3(u, v, &op).unwrap());
    }
}

#[test]
fn every_element_wise_operation_is_that_of_the_processor() {
    let Some(mut bench) = Bench::new() else { return };
    bench.one(ops::fill(3.5));
    bench.one(ops::scale(-0.75));
    bench.two(ops::copy());
    bench.two(ops::multiply());
    bench.two(ops::scale_difference(0.3));
    bench.two(ops::take_where_positive());
    bench.two(ops::average_squares(0.9));
    bench.three(ops::difference(1.7));
    bench.three(ops::add_difference(1.7));
    bench.three(ops::blend());
    bench.three(ops::adam_step(2.0, 1.3, 1e-8));
    for (a, b) in [(1.5, -0.25), (2.0, 0.0)] {
        let op = ScaleAdd { a, b };
        bench.compare(op.kernel(), 1, |y, u, _| y.inplace_op2(u, &op).unwrap());
    }
    // Where nothing of y is to stay, not even NaN does.
    bench.y[3] = f32::NAN;
    let op = ScaleAdd { a: 2.0, b: 0.0 };
    bench.compare(op.kernel(), 1, |y, u, _| y.inplace_op2(u, &op).unwrap());
}

#[test]
fn a_scale_that_only_the_card_knows_is_that_of_the_processor() {
    let Some(bench) = Bench::new() else { return };
    let (mut a, mut b, mut x, mut found) = ([1.5f64], [-0.75f64], bench.u.clone(), bench.y.clone());
    let launch = kernels::add_scaled_by([(2.0, at(&mut a)), (4.5, at(&mut b))], at(&mut x), at(&mut found), LEN);
    bench.processor.launch(launch);
    let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
    let sum = |value: f64| Sum::of(Tensor::new(value, &Device::Cpu).unwrap());
    let expected = tensor(&bench.y);
    vector::add_scaled_by([(2.0, &sum(a[0])), (4.5, &sum(b[0]))], &tensor(&bench.u), &expected).unwrap();
    alike(&found, &read(&expected), 1e-6);
    assert_ne!(found, bench.y);
}

#[test]
fn sums_are_those_of_the_processor() {
    let Some(processor) = processor() else { return };
    // One block, several, and values that no block divides.
    for n in [1, 255, 3000, 2 * 256 * 8 + 13] {
        let (mut a, mut b) = (Noise::new(4).vec(n), Noise::new(5).vec(n));
        let (x, y) = (Tensor::new(&a[..], &Device::Cpu).unwrap(), Tensor::new(&b[..], &Device::Cpu).unwrap());
        for (kind, expected) in [
            (Reduction::Dot, vector::dot(&x, &y)),
            (Reduction::SquaredDistance, vector::squared_distance(&x, &y)),
            (Reduction::AbsSum, vector::abs_sum(&x)),
        ] {
            let mut sums = vec![f64::NAN; kernels::sums(n)];
            let mut sum = [f64::NAN, 7.0];
            processor.launch(kernels::reduce(kind, at(&mut a), at(&mut b), at(&mut sums), n));
            processor.launch(kernels::sum_of_blocks(at(&mut sums), at(&mut sum), 0.5, kernels::sums(n)));
            let expected = 0.5 * expected.unwrap();
            assert!((sum[0] - expected).abs() <= 1e-7 * n as f64, "{kind:?} of {n}: {} and {expected}", sum[0]);
            assert_eq!(sum[1].to_bits(), 7f64.to_bits());
        }
    }
}

#[test]
fn many_values_take_no_more_sums_than_fill_a_card() {
    assert_eq!([1, 2048, 2049, 1 << 30].map(kernels::sums), [1, 1, 2, 1024]);
}
