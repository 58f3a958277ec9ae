#![allow(clippy::unwrap_used)]
use super::*;

fn variables(http: &str, https: &str, except: &str) -> Variables {
    Variables { http: http.to_owned(), https: https.to_owned(), except: except.to_owned(), is_cgi: false }
}

/// The proxy for `url`; `-` without one.
fn proxy(variables: &Variables, url: &str) -> String {
    match variables.proxy_for(url) {
        Ok(found) => found.map_or_else(|| "-".to_owned(), |uri| uri.to_string().trim_end_matches('/').to_owned()),
        Err(error) => error.to_string(),
    }
}

/// The cases of golang.org/x/net/http/httpproxy.
#[test]
fn addresses_are_understood_as_go_does() {
    for (http, https, except, url, expected) in [
        ("127.0.0.1:8080", "", "", "http://example.com", "http://127.0.0.1:8080"),
        ("cache.corp.example.com:1234", "", "", "http://example.com", "http://cache.corp.example.com:1234"),
        ("cache.corp.example.com", "", "", "http://example.com", "http://cache.corp.example.com"),
        ("localhost", "", "", "http://example.com", "http://localhost"),
        ("https://cache.corp.example.com", "", "", "http://example.com", "https://cache.corp.example.com"),
        ("http://127.0.0.1:8080", "", "", "http://example.com", "http://127.0.0.1:8080"),
        ("https://127.0.0.1:8080", "", "", "http://example.com", "https://127.0.0.1:8080"),
        ("socks5://127.0.0.1", "", "", "http://example.com", "socks5://127.0.0.1:1080"),
        ("http.proxy.tld", "secure.proxy.tld", "", "http://insecure.tld/", "http://http.proxy.tld"),
        ("http.proxy.tld", "secure.proxy.tld", "", "https://secure.tld/", "http://secure.proxy.tld"),
        ("http.proxy.tld", "https://secure.proxy.tld", "", "https://secure.tld/", "https://secure.proxy.tld"),
        ("http.proxy.tld", "", "", "https://secure.tld/", "-"),
        ("http.proxy.tld", "", "", "ftp://insecure.tld/", "-"),
        ("", "", "", "http://example.com", "-"),
        ("proxy", "", "example.com", "http://example.com/", "-"),
        ("proxy", "", ".example.com", "http://example.com/", "http://proxy"),
        ("proxy", "", "ample.com", "http://example.com/", "http://proxy"),
        ("proxy", "", "example.com", "http://foo.example.com/", "-"),
        ("proxy", "", ".foo.com", "http://example.com/", "http://proxy"),
        ("proxy", "", ".示例.com", "http://www.示例.com", "-"),
        ("proxy", "", "xn--fsq092h.com", "http://www.示例.com", "-"),
        ("proxy", "", "示例.com", "http://www.xn--fsq092h.com", "-"),
        ("proxy", "", "example.com", "http://[1000::%25.example.com]:123", "http://proxy"),
    ] {
        assert_eq!(proxy(&variables(http, https, except), url), expected, "{http:?} {https:?} {except:?} {url}");
    }
    let cgi = Variables { is_cgi: true, ..variables("http://10.1.2.3:8080", "https://secure.proxy.tld", "") };
    assert_eq!(proxy(&cgi, "http://example.com"), "-");
    assert_eq!(proxy(&cgi, "https://secure.tld/"), "https://secure.proxy.tld");
}

/// The same hosts as in Go's test.
const HOSTS: [(&str, bool); 28] = [
    ("localhost", false),
    ("127.0.0.1", false),
    ("127.0.0.2", false),
    ("[::1]", false),
    ("[::2]", true),
    ("192.168.1.1", false),
    ("192.168.1.2", true),
    ("192.168.1.3", false),
    ("192.168.1.4", true),
    ("10.0.0.2", false),
    ("[2001:db8::52:0:1]", false),
    ("[2001:db8::52:0:2]", true),
    ("[2001:db8::52:0:3]", false),
    ("[2002:db8:a::123]", false),
    ("[fe80::424b:c8be:1643:a1b6]", true),
    ("barbaz.net", true),
    ("www.barbaz.net", false),
    ("foobar.com", false),
    ("www.foobar.com", false),
    ("foofoobar.com", true),
    ("baz.com", true),
    ("localhost.net", true),
    ("local.localhost", true),
    ("barbarbaz.net", true),
    ("wildcard.io", true),
    ("nested.wildcard.io", false),
    ("awildcard.io", true),
    ("[::ffff:127.0.0.1]", false),
];

#[test]
fn hosts_are_excepted_as_go_does() {
    let except = "foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, \
                  2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64";
    for (host, proxied) in HOSTS {
        let url = format!("http://{host}:80/");
        let expected = if proxied { "http://proxy" } else { "-" };
        assert_eq!(proxy(&variables("proxy", "", except), &url), expected, "{host}");
        assert_eq!(proxy(&variables("proxy", "", "*"), &url), "-", "{host}");
        assert_eq!(proxy(&variables("proxy", "", "a, * ,b"), &url), "-", "{host}");
    }
    assert_eq!(proxy(&variables("proxy", "", ":1"), "http://example.com:80"), "http://proxy");
}

#[test]
fn an_api_server_is_excepted_by_what_people_and_charts_write() {
    for (except, url, expected) in [
        ("localhost,127.0.0.1,.svc,.cluster.local,10.96.0.0/12,", "https://10.96.0.1:443/", "-"),
        ("localhost,,.svc", "https://kubernetes.default.svc/", "-"),
        (".svc,.cluster.local", "https://kubernetes.default.svc.cluster.local:443/", "-"),
        ("svc", "https://kubernetes.default.svc/", "-"),
        ("10.0.0.0/8 192.168.0.0/16", "https://10.1.2.3:6443/", "http://p:3128"),
        ("fd00::/8", "https://[fd00:10:96::1]/", "-"),
        ("10.0.0.0/8", "https://[::ffff:10.1.2.3]/", "-"),
        ("0.0.0.0/0", "https://10.1.2.3/", "-"),
        ("0.0.0.0/0", "https://[fd00::1]/", "http://p:3128"),
        ("::/0", "https://[fd00::1]/", "-"),
        ("10.0.0.0/33", "https://10.1.2.3/", "http://p:3128"),
        ("API.example.com", "https://api.EXAMPLE.com:6443/", "-"),
        ("api.example.com:6443", "https://api.example.com:6443/", "-"),
        ("api.example.com:443", "https://api.example.com/", "-"),
        ("api.example.com:443", "https://api.example.com:6443/", "http://p:3128"),
        ("*", "https://api.example.com:6443/", "-"),
        ("", "https://user:pass@api.example.com:6443/path?x#y", "http://p:3128"),
        ("example.com", "https://user:pass@api.example.com:6443/path?x#y", "-"),
    ] {
        assert_eq!(proxy(&variables("", "http://p:3128", except), url), expected, "{except:?} {url}");
    }
}

#[test]
fn the_first_variable_that_is_not_empty_counts() {
    let of = |pairs: &'static [(&'static str, &'static str)]| {
        Variables::read(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    };
    assert_eq!(proxy(&of(&[("https_proxy", "low"), ("HTTPS_PROXY", "up")]), "https://a.b"), "http://up");
    assert_eq!(proxy(&of(&[("https_proxy", "low"), ("HTTPS_PROXY", "")]), "https://a.b"), "http://low");
    let except = of(&[("HTTPS_PROXY", "up"), ("NO_PROXY", ""), ("no_proxy", "a.b")]);
    assert_eq!(proxy(&except, "https://a.b"), "-");
    assert_eq!(proxy(&of(&[("HTTP_PROXY", "up"), ("REQUEST_METHOD", "GET")]), "http://a.b"), "-");
    assert_eq!(proxy(&Variables::default(), "https://a.b"), "-");
}

#[test]
fn an_address_that_cannot_be_used_is_an_error_without_its_password() {
    for (address, says) in [
        ("http://user:s3cret@p:3128", None),
        ("http://user:p%40ss@p:3128/", None),
        ("socks5h://p:9050", None),
        ("foo://host", Some("of another kind than http, https and socks5")),
        ("socks4://host", Some("of another kind")),
        ("http://s3cret@", Some("is not the address of a proxy")),
        ("http://user:s3 cret@p", Some("is not the address of a proxy")),
        ("http://", Some("is not the address of a proxy")),
        ("socks5://user:s3cret@p:1080", Some("a user for a SOCKS proxy")),
    ] {
        let variables = variables("", address, "");
        match (variables.proxy_for("https://a.b"), says) {
            (Ok(Some(_)), None) => {}
            (Err(error), Some(says)) => {
                let text = error.to_string();
                assert!(text.contains("HTTPS_PROXY") && text.contains(says) && !text.contains("s3"), "{text}");
            }
            (other, _) => panic!("{address}: {other:?}"),
        }
        assert!(!format!("{variables:?}").contains("s3"), "{variables:?}");
        // Nobody has to mend what is not used.
        assert_eq!(variables.proxy_for("https://127.0.0.1:6443"), Ok(None));
    }
    // A kubeconfig names the whole address.
    assert_eq!(address("p.example.com:3128", "x"), Err(ProxyError::Scheme("x")));
    assert_eq!(address("socks5h://p:9050", "x").unwrap().to_string(), "socks5://p:9050/");
}
