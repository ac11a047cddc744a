//! The terms of the loss. Each gives its value and its gradient, with its formula in its own file.

pub mod cells;
pub mod content;
pub mod drawing;
mod few_pixels;
pub mod gram;
pub mod guided;
pub mod histogram;
pub mod moments;
mod root;
pub mod tv;
