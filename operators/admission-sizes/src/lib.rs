//! Delivery by admission: new pods of a workload get the approved size, and its template stays unchanged.
//!
//! The admission policy `trimtab-sizes` (`policies/sizes.yaml`) reads one [`AppliedSizes`](trimtab_api::applied_sizes)
//! object per namespace. In: the sizes of pods created from a template, their target sizes, the world. Out: entries of
//! that object, and whether each is still valid.
//!
//! | module | what it does | client |
//! |---|---|---|
//! | [`entry`] | builds an entry, or says why there can be none | no |
//! | [`amounts`] | resources as whole millicores and bytes, and back | no |
//! | [`bounds`] | what LimitRanges and quotas of a namespace do to a container | no |
//! | [`valid`] | whether an entry is still valid, and what new pods really get | no |
//! | [`keeper`] | sets and removes entries, many in one write | yes |
//! | [`sweep`] | removes entries as soon as the world shows that they are no longer valid | yes |
//! | [`in_force`] | whether the API server has the policy, unaltered | yes |

pub mod amounts;
pub mod bounds;
pub mod entry;
pub mod in_force;
pub mod keeper;
pub mod sweep;
pub mod valid;

pub use bounds::Bounds;
pub use entry::{Refusal, entry};
pub use in_force::{NotInForce, SizesAdmission};
pub use keeper::{AppliedSizesWriter, SizesRow};
pub use sweep::sweep;
pub use valid::{Why, current, sized, stale, still_valid};
