//! The parameters that are a choice among named alternatives.

/// Declares an enum whose variants carry the name used on the command line and in files, a label for the window, and
/// one sentence of help; they cannot drift apart because they are written once.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident ($what:literal) { $($(#[$vdoc:meta])* $variant:ident = $key:literal, $label:literal, $help:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $key)] $variant,)+ }

        impl $name {
            /// Every alternative, in the order in which it is offered.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Name on the command line and in files.
            #[must_use]
            pub const fn key(self) -> &'static str { match self { $(Self::$variant => $key),+ } }
            /// Name in the window.
            #[must_use]
            pub const fn label(self) -> &'static str { match self { $(Self::$variant => $label),+ } }
            /// One plain sentence.
            #[must_use]
            pub const fn help(self) -> &'static str { match self { $(Self::$variant => $help),+ } }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.key()) }
        }

        impl std::str::FromStr for $name {
            type Err = super::RecipeError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|c| c.key() == text).ok_or_else(|| super::RecipeError::UnknownChoice {
                    name: $what,
                    value: text.to_owned(),
                    known: Self::ALL.iter().map(|c| c.key()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

choice! {
    /// A starting point for all other parameters.
    Preset("preset") {
        /// Coarse to fine; the default of window and command line.
        Studio = "studio", "Studio", "Paints coarse shapes first and details last: quick, clean and faithful to the look of the style.";
        /// A quick look.
        Draft = "draft", "Draft", "A quick look in a fraction of the time: the colours and large strokes, without the last details.";
        /// Large strokes, less photo.
        Bold = "bold", "Bold", "Large strokes and strong colours; the photo only hints at its shapes.";
        /// Fine strokes, more photo.
        Faithful = "faithful", "Faithful", "Fine strokes that keep to the photo: faces and buildings stay recognisable.";
        /// Style without content (Gatys et al. 2015, arXiv 1505.07376).
        Texture = "texture", "Texture", "Paints the style alone, out of noise: a new texture without any photo in it.";
        /// The loss of Gatys, Ecker and Bethge's published notebook, exactly.
        Gatys = "gatys", "Gatys", "The original method, exactly as its authors published it: one size, L-BFGS, no smoothing.";
    }
}

choice! {
    /// How the canvas is moved downhill.
    OptimizerKind("optimizer") {
        /// Limited-memory BFGS.
        Lbfgs = "lbfgs", "L-BFGS", "Takes large, well-aimed steps; the best picture for the time on most machines.";
        /// Adam.
        Adam = "adam", "Adam", "Takes small steady steps; smooth to watch and forgiving when sliders move.";
    }
}

choice! {
    /// How far a step of L-BFGS goes before it has learned anything; see [`crate::engine::optimizer`].
    LbfgsMetric("lbfgs-metric") {
        /// Further in what is broad.
        Broad = "broad", "Broad first", "Goes further in broad colours and shapes than in fine detail: settles in fewer iterations, above all after a change.";
        /// The same for every pixel.
        Even = "even", "Even", "The same for every pixel, broad or fine, as in the authors' notebook.";
    }
}

choice! {
    /// How VGG-19 shrinks its feature maps between blocks.
    Pooling("pooling") {
        /// The maximum of each 2x2 square.
        Max = "max", "Max", "As the network was trained: crisp strokes.";
        /// The mean of each 2x2 square, times two so that features keep their magnitude.
        Average = "avg", "Average", "Softer transitions, as the paper suggests trying.";
    }
}

choice! {
    /// The sizes at which the canvas is painted.
    Scales("scales") {
        /// Sizes that grow by the square root of two.
        CoarseToFine = "coarse-to-fine", "Coarse to fine", "Starts small and grows, so large shapes are settled before details; what a small canvas had no room for comes from the photo.";
        /// Only the final size.
        Single = "single", "One size", "Paints at the final size from the first iteration.";
    }
}

choice! {
    /// Whose colours the finished picture has.
    Colours("colours") {
        /// As painted.
        Style = "style", "The style's", "As painted: the colours come from the style picture.";
        /// Luminance of the painting, chroma of the photo.
        Photo = "photo", "The photo's", "Only light and dark come from the painting; the photo keeps its colours.";
    }
}

choice! {
    /// How the styles' layers are balanced against each other before their own weights.
    StyleCurve("style-curve") {
        /// `1e3 / C^2`.
        Paper = "paper", "Paper", "As the authors published it: 1/C² for a layer of C channels.";
        /// Four times less from block to block.
        Falling = "falling", "Falling", "Four times less from block to block: fine texture counts most, large shapes least.";
        /// The same for all.
        Equal = "equal", "Equal", "The same for every layer: large shapes of the style count far more.";
    }
}

choice! {
    /// What of a style's features the painting should share.
    StyleLoss("style-loss") {
        /// Gram matrix, the raw second moment.
        Gram = "gram", "Gram matrix", "Correlations between features, as in the paper.";
        /// Mean and covariance, compared by the Wasserstein-2 distance of two Gaussians.
        Moments = "moments", "Mean and covariance", "Compares means and covariances by the Wasserstein-2 distance: calmer, more even strokes.";
    }
}

choice! {
    /// How differences between neighbouring pixels are measured.
    TvNorm("tv-norm") {
        /// Nine-point, squared.
        L2 = "l2", "Soft", "Squared differences over nine points: smooths grain and edges alike.";
        /// Absolute.
        L1 = "l1", "Edge-keeping", "Absolute differences: flat patches with crisp edges.";
    }
}

choice! {
    /// What lies beyond the picture's edge.
    Edges("edges") {
        /// A few pixels more, painted and then cut off; beyond them the outermost again.
        Margin = "margin", "Margin", "A few pixels more are painted on every side and cut off: no frame, no haze at the borders.";
        /// The outermost pixels again.
        Replicate = "replicate", "Continued", "The outermost pixels are seen again beyond the edges: little frame, and a little quicker.";
        /// Zeros, the mean colour.
        Zeros = "zeros", "Grey", "The mean colour beyond the edges, as in the original network.";
    }
}

choice! {
    /// Bits a channel of a written picture. No part of a [`Recipe`](super::Recipe): the same painting can be written
    /// either way.
    Depth("depth") {
        /// 8.
        Eight = "8", "8 bits", "As screens show it; in every format.";
        /// 16.
        Sixteen = "16", "16 bits", "Finer steps, for work on tones and colours afterwards; in PNG and TIFF.";
    }
}

impl Depth {
    /// What is written unless something else is asked for.
    pub const DEFAULT: Self = Self::Eight;
    /// What it is, in one plain sentence.
    pub const HELP: &'static str = "Bits a channel of the written picture";
}
