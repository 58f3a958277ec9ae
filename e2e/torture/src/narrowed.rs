//! One Trimtab's view of a cluster shared by several. In: the address of a list or watch. Out: the same, limited to its
//! own objects.

/// The path and query of a list or watch, limited to the view of one Trimtab: recommendations and sizes of a namespace,
/// and the policy of that name.
pub(crate) fn narrowed(uri: &http::Uri, namespace: &str) -> String {
    let text = uri.path_and_query().map_or("/", |p| p.as_str());
    let field = match uri.path().strip_prefix("/apis/trimtab.dev/v1alpha1/") {
        Some("recommendations" | "appliedsizes" | "usageprofiles") => "metadata.namespace",
        Some("optimizationpolicies") => "metadata.name",
        _ => return text.to_owned(),
    };
    format!("{text}{}fieldSelector={field}%3D{namespace}", if text.contains('?') { "&" } else { "?" })
}
