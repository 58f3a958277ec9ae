//! Own writes to an object, under a watch that lags behind them.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use trimtab_driver::{own_writes::OwnWrites, reconciled::Reconciled};

use crate::{
    lamp::{Lamp, Spec, Status},
    lamps::Lamps,
};

fn lamp(version: u64) -> Arc<Lamp> {
    let metadata = ObjectMeta { resource_version: Some(version.to_string()), ..ObjectMeta::default() };
    Arc::new(Lamp { metadata, spec: Spec { socket: "s-1".to_owned(), approved_by: None }, status: None })
}

/// Version, whether it has the finalizer, whether it has the status that was written.
fn shown(own: &mut OwnWrites<Lamps>, watched: u64) -> (u64, bool, bool) {
    let lamp = own.over(lamp(watched));
    let meta = Lamps::meta(&lamp);
    (meta.version, meta.is_protected, lamp.status.is_some())
}

#[test]
fn an_own_write_shows_until_the_watch_has_it_and_not_a_moment_longer() {
    let mut own = OwnWrites::default();
    own.wrote(5, Status::default());
    assert_eq!(shown(&mut own, 4), (5, false, true));
    assert_eq!(shown(&mut own, 5), (5, false, false), "from here on the watch is believed");
    assert_eq!(shown(&mut own, 4), (4, false, false), "what was forgotten does not come back");
}

#[test]
fn a_finalizer_shows_until_the_watch_has_it() {
    let mut own = OwnWrites::default();
    own.finalized(5, true);
    assert_eq!(shown(&mut own, 4), (5, true, false));
    own.wrote(6, Status::default());
    assert_eq!(shown(&mut own, 4), (6, true, true), "the later of both writes");
    assert_eq!(shown(&mut own, 5), (6, false, true));
    assert_eq!(shown(&mut own, 6), (6, false, false));
    assert!(own.is_empty());
}
