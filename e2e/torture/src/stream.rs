//! Response bodies. In: the API server's watch stream. Out: the same stream, delayed or cut on demand.

use anyhow::anyhow;
use bytes::Bytes;
use futures::stream::unfold;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use tokio::sync::watch;

/// The body of a response.
pub type Reply = UnsyncBoxBody<Bytes, anyhow::Error>;

/// Which watches are delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// None.
    Nothing,
    /// Those of pods.
    Pods,
    /// All.
    All,
}

/// A complete body.
pub fn full(bytes: impl Into<Bytes>) -> Reply {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A watch stream. Nothing passes while it is held; it breaks when `cut` changes.
pub fn watched(body: kube::client::Body, pods: bool, held: watch::Receiver<Held>, cut: watch::Receiver<u64>) -> Reply {
    let frames = unfold(Some((body, held, cut)), move |state| async move {
        let (mut body, mut held, mut cut) = state?;
        let next = async {
            let frame = body.frame().await;
            let free = |held: &Held| *held == Held::Nothing || (*held == Held::Pods && !pods);
            // An error means that the proxy has ended.
            let _ = held.wait_for(free).await;
            frame
        };
        let frame = tokio::select! {
            _ = cut.changed() => return Some((Err(anyhow!("cut")), None)),
            frame = next => frame,
        };
        let frame: Result<Frame<Bytes>, anyhow::Error> = frame?.map_err(Into::into);
        Some((frame, Some((body, held, cut))))
    });
    StreamBody::new(frames).boxed_unsync()
}
