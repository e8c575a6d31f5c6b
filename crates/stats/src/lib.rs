//! Statistics of a comparison with few seeds: intervals, paired tests, corrections, sequential tests, power, reliability, curves.
//!
//! Pure functions over slices, one concept per file. The unit of replication is the pretraining seed (docs/shapes.md):
//! whatever is nested below it (fine-tuning seeds, test items) is averaged before it comes here. Every function refuses
//! a value that is not finite, and says which one.

mod aggregate;
mod best;
mod check;
mod curve;
mod difference;
mod holm;
mod ladder;
mod multi_bootstrap;
mod order;
mod permutation;
mod power;
mod reliability;
mod sequential;
mod sign_flip;
mod student;
mod summary;
mod superiority;
mod survival;
mod tuning;

pub use aggregate::{chance_normalised, macro_average};
pub use best::{Candidates, same_best};
pub use curve::area_under_log_curve;
pub use difference::{Difference, paired, unpaired};
pub use holm::holm;
pub use ladder::{Course, Rung, Trend, course, ladder};
pub use multi_bootstrap::{Bootstrap, Judged, difference, level};
pub use order::{Agreement, Scores, agreement, kendall};
pub use permutation::permutation;
pub use power::{Needed, detectable_effect, effect_limits, power, seeds_needed, seeds_range};
pub use reliability::{Reliability, reliability};
pub use sequential::{Boundary, End, MOST_SEEDS, Seed, Stage, Standing, boundaries, stage, standing};
pub use sign_flip::{seeds_for_sign_flip, sign_flip, smallest_sign_flip_p};
pub use student::{two_sided_p, two_sided_quantile};
pub use summary::{Interval, Summary, correlation, summarise};
pub use superiority::superiority;
pub use survival::{LogRank, Survival, Watched, kaplan_meier, log_rank, median_time};
pub use tuning::{Kept, expected_best, order_kept};
