//! A painter that makes a step when the test says so.

use std::sync::{Arc, Mutex};

use crossbeam_channel::Receiver;
use image::{DynamicImage, Rgba, RgbaImage};
use pentimento::engine::{Engine, EngineError, Job, Losses, Painter, Progress, Term, TermShare};
use pentimento::image_io::{Picture, Rgba16Image};
use pentimento::recipe::Recipe;

/// What the fake painter reports and what it waits for.
#[derive(Clone)]
pub struct Reins {
    /// One token lets the painter make one step; an error token makes it fail.
    pub steps: Receiver<Result<(), String>>,
    /// Every recipe that reached the painter, in order.
    pub seen: Arc<Mutex<Vec<Recipe>>>,
    /// What was done to its canvas otherwise than by painting, in order.
    pub disturbed: Arc<Mutex<Vec<String>>>,
}

impl Engine for Reins {
    fn device_name(&self) -> String {
        "Test bench".to_owned()
    }

    fn begin(&self, job: &Job) -> Result<Box<dyn Painter>, EngineError> {
        self.seen.lock().unwrap().push(job.recipe.clone());
        Ok(Box::new(Tame { reins: self.clone(), iterations: job.recipe.iterations, iteration: 0 }))
    }
}

pub struct Tame {
    pub reins: Reins,
    pub iterations: u32,
    pub iteration: u32,
}

impl Painter for Tame {
    fn step(&mut self) -> Result<Progress, EngineError> {
        match self.reins.steps.recv() {
            Ok(Ok(())) => {}
            Ok(Err(message)) => return Err(EngineError::Device(message)),
            // The test is over; the painting ends with it.
            Err(_) => return Err(EngineError::Device("the test is over".to_owned())),
        }
        self.iteration += 1;
        Ok(Progress {
            stage: 0,
            stages: 1,
            iteration: self.iteration,
            iterations: self.iterations,
            remaining_secs: Some(10.0),
            width: 24,
            height: 16,
            losses: Losses { loss: 1234.5, content: 34.5, style: 1200.0, ..Losses::default() },
            evaluations: vec![],
            notice: None,
        })
    }

    fn is_finished(&self) -> bool {
        self.iteration >= self.iterations
    }

    fn frame(&self) -> Result<RgbaImage, EngineError> {
        Ok(RgbaImage::from_pixel(24, 16, Rgba([self.iteration as u8, 100, 50, 255])))
    }

    fn deep_frame(&self) -> Result<Rgba16Image, EngineError> {
        Ok(DynamicImage::from(self.frame()?).into_rgba16())
    }

    fn stir(&mut self, levels: f32) -> Result<(), EngineError> {
        self.reins.disturbed.lock().unwrap().push(format!("stirred by {levels}"));
        Ok(())
    }

    fn go_on_from(&mut self, picture: &Picture) -> Result<(), EngineError> {
        let red = picture.to_rgba().get_pixel(0, 0).0[0];
        self.reins.disturbed.lock().unwrap().push(format!("went on from iteration {red}"));
        Ok(())
    }

    fn retouch(&mut self, picture: &Picture, mask: &Picture) -> Result<(), EngineError> {
        let (picture, mask) = (picture.to_rgba(), mask.to_rgba());
        let red = picture.get_pixel(0, 0).0[0];
        let white = mask.pixels().filter(|pixel| pixel.0[0] > 0).count() * 100 / mask.pixels().len();
        self.reins.disturbed.lock().unwrap().push(format!("iteration {red} over {white} %"));
        Ok(())
    }

    fn go_on(&mut self) {
        self.reins.disturbed.lock().unwrap().push("painted on".to_owned());
        self.iterations += 1;
    }

    fn take_back_retouch(&mut self) -> Result<bool, EngineError> {
        self.reins.disturbed.lock().unwrap().push("taken back".to_owned());
        Ok(true)
    }

    fn take_up(&mut self, picture: &Picture, iterations: u32) -> Result<(), EngineError> {
        self.iteration = iterations;
        self.go_on_from(picture)
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        self.reins.seen.lock().unwrap().push(job.recipe.clone());
        self.iterations = job.recipe.iterations;
        Ok(())
    }

    fn shares(&mut self) -> Result<Vec<TermShare>, EngineError> {
        let share = |term, gradient_rms| TermShare { term, loss: 2.0, gradient_rms };
        Ok(vec![share(Term::Drawing, 1.5), share(Term::TotalVariation, 0.5)])
    }
}
