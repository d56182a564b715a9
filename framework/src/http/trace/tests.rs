use actix_web::FromRequest as _;
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;

use super::TraceContext;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn of(headers: &[(&str, &str)]) -> Option<TraceContext> {
    let request =
        headers.iter().fold(TestRequest::default(), |request, header| request.append_header(*header));
    let headers: HeaderMap = request.to_http_request().headers().clone();
    TraceContext::of(&headers)
}

fn valid() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

#[test]
fn a_request_goes_on_with_the_trace_it_came_with() {
    let trace = of(&[("traceparent", &valid()), ("tracestate", "vendor=1")]).unwrap();
    assert_eq!((trace.trace_id(), trace.parent_id()), (TRACE, Some(CALLER)));
    assert!(trace.is_sampled());
    assert_ne!(trace.span_id(), CALLER);
    let headers: Vec<_> = trace.headers().collect();
    let parent = format!("00-{TRACE}-{}-01", trace.span_id());
    assert_eq!(headers, [("traceparent", parent), ("tracestate", "vendor=1".to_owned())]);
    assert!(!of(&[("traceparent", &format!("00-{TRACE}-{CALLER}-00"))]).unwrap().is_sampled());
}

#[test]
fn a_later_version_is_read_as_far_as_it_is_known() {
    for parent in
        [format!("cc-{TRACE}-{CALLER}-01"), format!("cc-{TRACE}-{CALLER}-09-what-the-future-brings")]
    {
        let trace = of(&[("traceparent", &parent)]).unwrap();
        assert_eq!(trace.traceparent(), format!("00-{TRACE}-{}-01", trace.span_id()));
    }
}

#[test]
fn what_is_not_valid_is_no_trace() {
    let zeros = "0".repeat(32);
    for parent in [
        "",
        "00",
        "00-x-y-01",
        &format!("ff-{TRACE}-{CALLER}-01"),
        &format!("0-{TRACE}-{CALLER}-01"),
        &format!("00-{TRACE}-{CALLER}-01-more"),
        &format!("cc-{TRACE}-{CALLER}-01more"),
        &format!("00-{TRACE}-{CALLER}-1"),
        &format!("00-{}-{CALLER}-01", TRACE.to_uppercase()),
        &format!("00-{zeros}-{CALLER}-01"),
        &format!("00-{TRACE}-{}-01", &zeros[..16]),
        &format!("00-{CALLER}-{TRACE}-01"),
        &format!("00-{TRACE}-{CALLER}-0g"),
        &format!("00-{TRACE}-{CALLER}é-"),
    ] {
        assert_eq!(of(&[("traceparent", parent)]), None, "{parent}");
    }
    assert_eq!(of(&[("tracestate", "vendor=1")]), None, "a state without a trace is nothing");
    let other = format!("00-{}-{CALLER}-01", TRACE.replace('4', "5"));
    assert_eq!(of(&[("traceparent", &valid()), ("traceparent", &other)]), None, "two are none");
}

#[test]
fn a_state_is_passed_on_as_far_as_it_fits() {
    let state = |values: &[&str]| {
        let mut headers = vec![("traceparent", valid())];
        headers.extend(values.iter().map(|value| ("tracestate", (*value).to_owned())));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        of(&headers).unwrap().tracestate().map(str::to_owned)
    };
    assert_eq!(state(&["a=1, b=2 ,,", "c=3"]).as_deref(), Some("a=1,b=2,c=3"));
    assert_eq!(state(&[" , "]), None);
    assert_eq!(state(&["a=é"]), None);
    let long = format!("a={}", "x".repeat(298));
    assert_eq!(state(&[&long, &long]).as_deref(), Some(long.as_str()), "whole members only");
    let many = (0..40).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
    assert_eq!(state(&[&many]).unwrap().split(',').count(), 32);
    assert!(state(&[&"x".repeat(513)]).is_none());
}

#[tokio::test]
async fn a_request_without_a_trace_gets_one_when_it_is_asked_for() {
    let request = TestRequest::default().to_http_request();
    let trace = TraceContext::extract(&request).await.unwrap();
    assert_eq!((trace.trace_id().len(), trace.span_id().len(), trace.parent_id()), (32, 16, None));
    assert!(trace.is_sampled() && trace.tracestate().is_none());
    assert_eq!(TraceContext::extract(&request).await.unwrap(), trace, "the same for the whole request");
    let other = TestRequest::default().to_http_request();
    assert_ne!(TraceContext::extract(&other).await.unwrap().trace_id(), trace.trace_id());
    let read = of(&[("traceparent", &trace.traceparent())]).unwrap();
    assert_eq!((read.trace_id(), read.parent_id()), (trace.trace_id(), Some(trace.span_id())));
}
