//! Answering a request, correctly or not.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Fault, SeenRequest};

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

pub(super) async fn respond(
    stream: &mut TcpStream,
    request: &SeenRequest,
    fault: Fault,
    upstream: Option<&str>,
    client: &reqwest::Client,
) -> Result<()> {
    let plain = |status: u16, body: String| Answer { status, headers: Vec::new(), body: body.into_bytes() };
    let answer = match fault {
        Fault::None => forward(request, Duration::ZERO, upstream, client).await,
        Fault::Slow(delay) => {
            tokio::time::sleep(delay).await;
            forward(request, Duration::ZERO, upstream, client).await
        }
        Fault::Earlier(by) => forward(request, by, upstream, client).await,
        Fault::Status(status) => plain(status, format!("fault: status {status}\n")),
        Fault::Answer(status, headers, body) => Answer { status, headers, body: body.into_bytes() },
        Fault::Nonsense => plain(200, "<html>It works!</html>\n".to_owned()),
        Fault::Partial => {
            let answer = forward(request, Duration::ZERO, upstream, client).await;
            let head = head(&answer);
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&answer.body[..answer.body.len() / 2]).await?;
            return Ok(stream.shutdown().await?);
        }
        Fault::Close => return Ok(()),
        Fault::Hang => {
            // Until the client disconnects.
            while stream.read(&mut [0; 1024]).await? > 0 {}
            return Ok(());
        }
    };
    stream.write_all(head(&answer).as_bytes()).await?;
    stream.write_all(&answer.body).await?;
    Ok(stream.shutdown().await?)
}

fn head(answer: &Answer) -> String {
    let headers: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "HTTP/1.1 {} .\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.body.len()
    )
}

async fn forward(request: &SeenRequest, earlier: Duration, upstream: Option<&str>, client: &reqwest::Client) -> Answer {
    match ask(request, earlier, upstream, client).await {
        Ok(answer) => answer,
        Err(e) => Answer { status: 502, headers: Vec::new(), body: format!("{e:#}\n").into_bytes() },
    }
}

async fn ask(
    request: &SeenRequest,
    earlier: Duration,
    upstream: Option<&str>,
    client: &reqwest::Client,
) -> Result<Answer> {
    let url = format!("{}{}", upstream.context("no upstream")?, request.path_at_server());
    let params: Vec<_> = request.params.iter().map(|(name, value)| (name, shift(name, value, earlier))).collect();
    let mut ask = client.request(request.method.parse()?, url);
    // Parameters go where the client put most of them; Prometheus reads both places.
    ask = if request.is_form() { ask.form(&params) } else { ask.query(&params).body(request.body.clone()) };
    for (name, value) in &request.headers {
        if !matches!(name.as_str(), "host" | "content-length" | "connection" | "accept-encoding" | "content-type") {
            ask = ask.header(name, value);
        }
    }
    let answer = ask.send().await?;
    let status = answer.status().as_u16();
    let kept = ["content-type", "retry-after", "warning"];
    let headers = kept
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), answer.headers().get(*name)?.to_str().ok()?.to_owned())));
    let headers = headers.collect();
    Ok(Answer { status, headers, body: answer.bytes().await?.to_vec() })
}

// Times in seconds are shifted; those in RFC 3339 too.
fn shift(name: &str, value: &str, earlier: Duration) -> String {
    if earlier.is_zero() || !matches!(name, "time" | "start" | "end") {
        return value.to_owned();
    }
    let seconds = value.parse::<f64>().ok().or_else(|| {
        let t: jiff::Timestamp = value.parse().ok()?;
        Some(t.as_millisecond() as f64 / 1000.0)
    });
    seconds.map_or_else(|| value.to_owned(), |s| format!("{:.3}", s - earlier.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_are_shifted() {
        let hour = Duration::from_secs(3600);
        assert_eq!(shift("time", "7200.5", hour), "3600.500");
        assert_eq!(shift("end", "1970-01-01T02:00:00Z", hour), "3600.000");
        assert_eq!(shift("query", "7200", hour), "7200");
        assert_eq!(shift("time", "7200", Duration::ZERO), "7200");
        assert_eq!(shift("start", "soon", hour), "soon");
    }
}
