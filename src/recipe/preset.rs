//! The starting points.

use super::{
    Colours, Edges, Init, LayerWeights, LbfgsMetric, LossWeights, OptimizerKind, PictureSource, Pooling, Preset,
    Recipe, Scales, StyleCurve, StyleLoss, StyleSource, TvNorm, parameter,
};

impl Default for Recipe {
    fn default() -> Self {
        Self::from_preset(Preset::Studio)
    }
}

impl Recipe {
    /// The preset's recipe, over the first bundled photo and The Starry Night.
    #[must_use]
    pub fn from_preset(preset: Preset) -> Self {
        let studio = Self {
            preset,
            content: PictureSource::Sample("neuschwanstein-castle".to_owned()),
            styles: vec![StyleSource::new(PictureSource::Sample("starry-night".to_owned()))],
            style_strength: parameter::STYLE_STRENGTH.default,
            content_strength: parameter::CONTENT_STRENGTH.default,
            drawing: parameter::DRAWING.default,
            tv: parameter::TV.default,
            tv_norm: TvNorm::L2,
            size: parameter::SIZE.default,
            start_size: parameter::START_SIZE.default,
            style_scale: parameter::STYLE_SCALE.default,
            colours: Colours::Style,
            colour_match: parameter::COLOUR_MATCH.default,
            photo_mask: None,
            content_layers: LayerWeights::even(&[(4, 2)]),
            style_layers: LayerWeights::even(&[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]),
            style_curve: StyleCurve::Paper,
            style_loss: StyleLoss::Gram,
            histogram: parameter::HISTOGRAM.default,
            iterations: parameter::ITERATIONS.default,
            scales: Scales::CoarseToFine,
            optimizer: OptimizerKind::Lbfgs,
            lbfgs_history: parameter::LBFGS_HISTORY.default,
            lbfgs_metric: LbfgsMetric::Broad,
            adam_step: parameter::ADAM_STEP.default,
            adam_beta1: parameter::ADAM_BETA1.default,
            adam_beta2: parameter::ADAM_BETA2.default,
            averaging: parameter::AVERAGING.default,
            init: Init::Content,
            seed: 0,
            pooling: Pooling::Max,
            edges: Edges::Margin,
        };
        match preset {
            Preset::Studio => studio,
            // A fifth of the iterations, since the look is there long before the last details.
            Preset::Draft => Self { iterations: 100, ..studio },
            Preset::Bold => Self { style_scale: 1.5, ..studio },
            Preset::Faithful => Self { style_scale: 0.75, ..studio },
            Preset::Texture => Self { init: Init::Noise, ..studio },
            // Gatys' notebook: one size, plain L-BFGS with 100 pairs, no drawing or total variation, zeros around the picture,
            // 500 iterations.
            Preset::Gatys => Self {
                drawing: 0.0,
                tv: 0.0,
                scales: Scales::Single,
                lbfgs_history: 100,
                lbfgs_metric: LbfgsMetric::Even,
                edges: Edges::Zeros,
                ..studio
            },
        }
    }

    /// This recipe's pictures, masks and size with all other parameters of `preset`.
    #[must_use]
    pub fn with_preset(&self, preset: Preset) -> Self {
        self.with_settings_of(&Self::from_preset(preset))
    }

    /// This recipe's pictures, masks and size with all other parameters of another.
    #[must_use]
    pub fn with_settings_of(&self, other: &Self) -> Self {
        Self {
            content: self.content.clone(),
            styles: self.styles.clone(),
            photo_mask: self.photo_mask.clone(),
            size: self.size,
            ..other.clone()
        }
    }
}

impl Preset {
    /// alpha and beta at strength 0, and gamma for a smoothness of 1.
    #[must_use]
    pub const fn balance(self) -> LossWeights {
        const TV: f32 = 100.0;
        match self {
            // Eight times the notebook's content: faces stay faces under a style that is fully there. With half of it a
            // style of strong contrasts swallowed the photo.
            Self::Studio | Self::Draft => LossWeights { content: 8.0, style: 1.0, tv: TV },
            // With half as much content a face was gone altogether.
            Self::Bold => LossWeights { content: 2.0, style: 2.0, tv: TV },
            Self::Faithful => LossWeights { content: 16.0, style: 1.0, tv: TV },
            Self::Texture => LossWeights { content: 0.0, style: 1.0, tv: TV },
            Self::Gatys => LossWeights { content: 1.0, style: 1.0, tv: TV },
        }
    }
}
