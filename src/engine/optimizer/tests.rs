//! The optimisers on functions whose minimum is known.

use candle_core::{Device, Result, Tensor};

use super::{Adam, AdamConfig, ChosenOptimizer, Lbfgs, LbfgsConfig, Optimizer, Outcome, StepRule};
use crate::recipe::{LbfgsMetric, OptimizerKind, Recipe};

fn vector(values: &[f32]) -> Tensor {
    Tensor::new(values, &Device::Cpu).unwrap()
}

fn write(values: &[f32], target: &Tensor) {
    crate::engine::vector::copy(&vector(values), target).unwrap();
}

/// Rosenbrock's valley in two dimensions; minimum 0 at (1, 1).
fn rosenbrock(x: &Tensor, gradient: &Tensor) -> Result<f64> {
    let v = x.to_vec1::<f32>()?;
    let (a, b) = (f64::from(v[0]), f64::from(v[1]));
    let slope = [-2.0 * (1.0 - a) - 400.0 * a * (b - a * a), 200.0 * (b - a * a)];
    write(&slope.map(|v| v as f32), gradient);
    Ok((1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2))
}

/// A quadratic whose curvatures differ a thousandfold; minimum 0 at zero.
fn quadratic(x: &Tensor, gradient: &Tensor) -> Result<f64> {
    let v = x.to_vec1::<f32>()?;
    let curvature = |i: usize| 10f32.powf(3.0 * i as f32 / (v.len() - 1) as f32);
    let slope: Vec<f32> = v.iter().enumerate().map(|(i, v)| curvature(i) * v).collect();
    let value = v.iter().zip(&slope).map(|(v, s)| 0.5 * f64::from(*v) * f64::from(*s)).sum();
    write(&slope, gradient);
    Ok(value)
}

#[test]
fn lbfgs_finds_the_floor_of_rosenbrocks_valley() {
    let x = vector(&[-1.2, 1.0]);
    let mut lbfgs = Lbfgs::new(LbfgsConfig { first_step_rms: 0.1, ..LbfgsConfig::default() });
    for _ in 0..60 {
        lbfgs.step(&x, &mut rosenbrock).unwrap();
    }
    let found = x.to_vec1::<f32>().unwrap();
    assert!((found[0] - 1.0).abs() < 1e-3 && (found[1] - 1.0).abs() < 1e-3, "{found:?}");
}

#[test]
fn lbfgs_solves_a_badly_scaled_quadratic_and_never_goes_up() {
    let x = vector(&[1.0; 40]);
    let mut lbfgs = Lbfgs::new(LbfgsConfig { history: 10, ..LbfgsConfig::default() });
    let mut last = f64::INFINITY;
    for _ in 0..150 {
        lbfgs.step(&x, &mut quadratic).unwrap();
        let value = quadratic(&x, &x.zeros_like().unwrap()).unwrap();
        assert!(value <= last, "{value} after {last}");
        last = value;
    }
    assert!(last < 1e-4, "{last}");
}

#[test]
fn lbfgs_with_fixed_steps_keeps_the_first_step_tiny() {
    let x = vector(&[3.0, 4.0]);
    let mut lbfgs = Lbfgs::new(LbfgsConfig { rule: StepRule::Fixed, ..LbfgsConfig::default() });
    lbfgs
        .step(&x, &mut |_, g| {
            write(&[30.0, 10.0], g);
            Ok(1.0)
        })
        .unwrap();
    // min(1, 1 / |g|_1) = 1/40, along -g.
    assert_eq!(x.to_vec1::<f32>().unwrap(), [3.0 - 30.0 / 40.0, 4.0 - 10.0 / 40.0]);
}

#[test]
fn lbfgs_steps_over_a_wall_of_nan() {
    // Beyond 0.5 the function is not a number; the minimum lies at the wall's foot.
    let mut walled = |x: &Tensor, g: &Tensor| -> Result<f64> {
        let v = x.to_vec1::<f32>()?[0];
        write(&[2.0 * (v - 0.4)], g);
        Ok(if v > 0.5 { f64::NAN } else { f64::from(v - 0.4).powi(2) })
    };
    let x = vector(&[0.0]);
    let mut lbfgs = Lbfgs::new(LbfgsConfig { first_step_rms: 100.0, ..LbfgsConfig::default() });
    for _ in 0..20 {
        lbfgs.step(&x, &mut walled).unwrap();
        assert!(x.to_vec1::<f32>().unwrap()[0] <= 0.5);
    }
    assert!((x.to_vec1::<f32>().unwrap()[0] - 0.4).abs() < 1e-3);
}

#[test]
fn adam_walks_to_the_minimum_at_its_own_pace() {
    let x = vector(&[1.0, -2.0]);
    let mut adam = Adam::new(AdamConfig { step: 0.1, ..AdamConfig::default() });
    adam.step(&x, &mut quadratic).unwrap();
    // Whatever the slope, the first step has the length that was asked for.
    let first = x.to_vec1::<f32>().unwrap();
    assert!((first[0] - 0.9).abs() < 1e-5 && (first[1] + 1.9).abs() < 1e-5, "{first:?}");
    for _ in 0..300 {
        adam.step(&x, &mut quadratic).unwrap();
    }
    assert!(x.to_vec1::<f32>().unwrap().iter().all(|v| v.abs() < 0.05));
}

#[test]
fn adams_first_step_is_as_long_as_asked_for_under_any_decay() {
    for (beta1, beta2) in [(0.0, 0.0), (0.9, 0.99), (0.999, 0.9999), (0.999, 0.0)] {
        let x = vector(&[3.0, -2.0]);
        let mut adam = Adam::new(AdamConfig { step: 0.5, beta1, beta2, ..AdamConfig::default() });
        adam.step(&x, &mut quadratic).unwrap();
        let found = x.to_vec1::<f32>().unwrap();
        assert!((found[0] - 2.5).abs() < 1e-4 && (found[1] + 1.5).abs() < 1e-4, "{beta1}, {beta2}: {found:?}");
    }
}

#[test]
fn a_decay_that_changes_on_the_way_changes_no_step_under_a_constant_slope() {
    let x = vector(&[0.0]);
    let mut adam = Adam::new(AdamConfig { step: 1.0, ..AdamConfig::default() });
    for (steps, beta1, beta2) in [(5, 0.9, 0.99), (3, 0.999, 0.5), (4, 0.0, 0.9999)] {
        adam.set_config(AdamConfig { step: 1.0, beta1, beta2, ..AdamConfig::default() });
        for _ in 0..steps {
            adam.step(&x, &mut |_, g| {
                write(&[7.0], g);
                Ok(1.0)
            })
            .unwrap();
        }
    }
    // Twelve steps of one each, downhill: both moments are averages of the same slope all along.
    assert!((x.to_vec1::<f32>().unwrap()[0] + 12.0).abs() < 1e-3);
}

/// What takes any vector.
fn even() -> Recipe {
    Recipe { lbfgs_metric: LbfgsMetric::Even, ..Recipe::default() }
}

/// Where an optimiser stands after `before` steps, a change of the recipe, and one more step.
fn after_a_change(before: usize, recipe: &Recipe, changed: &Recipe) -> Vec<f32> {
    let x = vector(&[1.0; 12]);
    let mut optimizer = ChosenOptimizer::new(recipe, recipe.lbfgs_history);
    for _ in 0..before {
        optimizer.step(&x, &mut quadratic).unwrap();
    }
    optimizer.follow(changed, changed.lbfgs_history);
    optimizer.step(&x, &mut quadratic).unwrap();
    x.to_vec1().unwrap()
}

#[test]
fn a_changed_memory_acts_at_the_next_step_and_a_longer_one_loses_nothing() {
    let long = Recipe { lbfgs_history: 10, ..even() };
    let shorter = Recipe { lbfgs_history: 2, ..long.clone() };
    let longer = Recipe { lbfgs_history: 50, ..long.clone() };
    let kept = after_a_change(6, &long, &long);
    assert_ne!(after_a_change(6, &long, &shorter), kept);
    assert_eq!(after_a_change(6, &long, &longer), kept);
}

/// A canvas that is to become all white, where neighbours are held together: fine detail bends the loss a hundred times
/// as much as broad colour. Its value after some steps.
fn whitened(metric: LbfgsMetric, steps: usize) -> f64 {
    const SIDE: usize = 32;
    let mut bent = |x: &Tensor, gradient: &Tensor| -> Result<f64> {
        let canvas = x.flatten_all()?.to_vec1::<f32>()?;
        let mut slope = vec![0f32; canvas.len()];
        let mut value = 0.0;
        for (i, pixel) in canvas.iter().enumerate() {
            let wanted = 0.1 * (pixel - 255.0);
            slope[i] += 2.0 * 0.1 * wanted;
            value += f64::from(wanted * wanted);
            for neighbour in [(i % SIDE + 1 < SIDE).then_some(i + 1), Some(i + SIDE)].into_iter().flatten() {
                if let Some(other) = canvas.get(neighbour) {
                    let difference = pixel - other;
                    slope[i] += 2.0 * difference;
                    slope[neighbour] -= 2.0 * difference;
                    value += f64::from(difference * difference);
                }
            }
        }
        crate::engine::vector::copy(&Tensor::from_vec(slope, (SIDE, SIDE, 1), &Device::Cpu)?, gradient)?;
        Ok(value)
    };
    // White in one half, black in the other.
    let start: Vec<f32> = (0..SIDE * SIDE).map(|i| if i % SIDE < SIDE / 2 { 0.0 } else { 255.0 }).collect();
    let x = Tensor::from_vec(start, (SIDE, SIDE, 1), &Device::Cpu).unwrap();
    let mut lbfgs = Lbfgs::new(LbfgsConfig { metric, ..LbfgsConfig::default() });
    for _ in 0..steps {
        lbfgs.step(&x, &mut bent).unwrap();
    }
    bent(&x, &x.zeros_like().unwrap()).unwrap()
}

#[test]
fn broad_steps_first_bring_broad_colour_sooner() {
    let (even, broad) = (whitened(LbfgsMetric::Even, 12), whitened(LbfgsMetric::Broad, 12));
    assert!(broad < 0.5 * even, "{broad} is not far below {even}");
}

#[test]
fn another_optimiser_begins_where_the_first_one_stood() {
    let lbfgs = even();
    let adam = Recipe { optimizer: OptimizerKind::Adam, adam_step: 0.01, ..lbfgs.clone() };
    let stood = {
        let x = vector(&[1.0; 12]);
        let mut optimizer = ChosenOptimizer::new(&lbfgs, lbfgs.lbfgs_history);
        for _ in 0..4 {
            optimizer.step(&x, &mut quadratic).unwrap();
        }
        x.to_vec1::<f32>().unwrap()
    };
    // Adam's first step is exactly as long as it was told, whatever the slope.
    for (found, stood) in after_a_change(4, &lbfgs, &adam).iter().zip(&stood) {
        assert!(((found - stood).abs() - 0.01).abs() < 1e-5, "{found} from {stood}");
    }
}

#[test]
fn a_value_that_is_not_finite_moves_nothing() {
    for optimizer in
        [&mut Lbfgs::new(LbfgsConfig::default()) as &mut dyn Optimizer, &mut Adam::new(AdamConfig::default())]
    {
        let x = vector(&[1.0, 2.0]);
        let outcome = optimizer.step(&x, &mut |_, g| {
            write(&[f32::NAN, 1.0], g);
            Ok(f64::INFINITY)
        });
        assert_eq!(outcome.unwrap(), Outcome::NotFinite);
        assert_eq!(x.to_vec1::<f32>().unwrap(), [1.0, 2.0]);
    }
}
