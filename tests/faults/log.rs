//! The log of nginx beside that of an instance.

use serde_json::Value;

use crate::alone;
use crate::instance::Instance;
use crate::nginx::Nginx;
use crate::proxy::send;

#[rocket::async_test]
async fn lines_of_both_logs_about_one_request_have_one_id() {
    let _alone = alone().await;
    let instance = Instance::with_json_log().await;
    let nginx = Nginx::before_ports([instance.port(), instance.port()]).await;
    let head = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: chosen\r\n\
                traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let form = "username=rosa&password=wrong+horse+battery";
    let login = format!(
        "POST /login?next=/secret {head}Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    // The last one is nginx's own response.
    let too_long = format!("POST /login {head}Content-Length: 70000\r\n\r\n");
    let mut ids = vec![];
    for (request, status) in
        [(login, 422), (format!("GET /nowhere?a=secret {head}\r\n"), 404), (too_long, 413)]
    {
        let response = send(nginx.tunnel, &request).await;
        assert_eq!(response.status, status, "{}", response.body);
        assert_eq!(response.all("x-request-id").len(), 1, "{status}");
        ids.push((response.all("x-request-id")[0].to_owned(), status));
    }
    let of_nginx = nginx.access_log();
    let ours: Vec<Value> = instance
        .log()
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for (id, status) in ids {
        let of = |lines: &[Value]| -> Vec<Value> {
            lines.iter().filter(|line| line["request"] == id.as_str()).cloned().collect()
        };
        let (proxy, app) = (of(&of_nginx), of(&ours));
        assert_eq!((proxy.len(), &proxy[0]["status"]), (1, &status.into()), "{of_nginx:?}");
        let targets: Vec<_> = app.iter().filter_map(|line| line["target"].as_str()).collect();
        let expected: &[&str] = match status {
            422 => &["audit", "request"],
            404 => &["request"],
            _ => &[],
        };
        assert_eq!(targets, expected, "{ours:?}");
        assert!(app.iter().all(|line| line["address"] == proxy[0]["address"]), "{app:?}");
    }
    let all = format!("{of_nginx:?} {ours:?}");
    assert!(
        !all.contains("secret") && !all.contains("chosen") && !all.contains("0af76519"),
        "{all}"
    );
}
