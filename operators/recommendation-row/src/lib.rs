//! What is kept in memory of each Recommendation.
//!
//! In: the object as the API server stores it. Out: one [`RecommendationRow`], which the controllers that decide on
//! Recommendations and roll them out share with the gauges. Pure.
//!
//! Explanation, patch and nearly all evidence are left out, which are most of the object. What only one crate derives
//! from a row is a function of that crate.

mod figures;
mod row;

pub use figures::{EvidenceSummary, Figures, RealisedAmounts, RiskSummary, SavingsSummary};
pub use row::RecommendationRow;
