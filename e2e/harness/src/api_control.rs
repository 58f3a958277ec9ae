//! The control channel of a plane: a line to `DIR/control.sock`, a line back.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// Asks for `VERB COMPONENT` and waits for the answer.
pub(crate) async fn request(dir: &Path, request: &str) -> Result<()> {
    tokio::time::timeout(Duration::from_secs(90), ask(dir, request))
        .await
        .with_context(|| format!("{request}: no response within 90 s"))?
        .with_context(|| request.to_owned())
}

async fn ask(dir: &Path, request: &str) -> Result<()> {
    let mut stream = BufReader::new(UnixStream::connect(dir.join("control.sock")).await?);
    stream.write_all(format!("{request}\n").as_bytes()).await?;
    let mut reply = String::new();
    stream.read_line(&mut reply).await?;
    match reply.trim() {
        "ok" => Ok(()),
        "" => bail!("the plane ended without an answer"),
        other => bail!("{other}"),
    }
}
