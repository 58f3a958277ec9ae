//! A small picture of curves, written by hand.
//!
//! In: panels with lines and named dots. Out: SVG text. Both axes begin at zero, so that lengths can be compared.

use std::fmt::Write as _;

/// A curve.
pub struct Line {
    /// Its name, which chooses its colour.
    pub name: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// A point with a name.
pub struct Dot {
    /// Its label, which chooses its colour.
    pub name: String,
    /// Where it is.
    pub at: (f64, f64),
}

/// One diagram.
pub struct Panel {
    /// The title.
    pub title: String,
    /// Curves.
    pub lines: Vec<Line>,
    /// Named points.
    pub dots: Vec<Dot>,
}

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 340.0;
/// Left, top, right and bottom margins of a panel.
const MARGINS: (f64, f64, f64, f64) = (56.0, 34.0, 20.0, 48.0);

/// Panels side by side, with axis labels.
pub fn picture(panels: &[Panel], x: &str, y: &str) -> String {
    let width = WIDTH * panels.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (nth, panel) in panels.iter().enumerate() {
        let _ = writeln!(svg, "<g transform=\"translate({} 0)\">", WIDTH * nth as f64);
        diagram(&mut svg, panel, x, y);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

fn diagram(svg: &mut String, panel: &Panel, x_name: &str, y_name: &str) {
    // The dots must be visible; curves may leave the panel.
    let most = |of: fn(&(f64, f64)) -> f64| panel.dots.iter().map(|dot| of(&dot.at)).fold(0.0, f64::max) * 1.3;
    let (most_x, most_y) = (most(|at| at.0).max(f64::MIN_POSITIVE), most(|at| at.1).max(f64::MIN_POSITIVE));
    let (left, top, right, bottom) = MARGINS;
    let (wide, high) = (WIDTH - left - right, HEIGHT - top - bottom);
    let place = |at: (f64, f64)| (left + at.0 / most_x * wide, top + high - at.1 / most_y * high);
    let _ = writeln!(svg, "<text x=\"{left}\" y=\"20\" font-weight=\"bold\">{}</text>", escaped(&panel.title));
    for (nth, axis) in [(most_x, true), (most_y, false)] {
        let step = step(nth);
        let mut value = 0.0;
        while value <= nth {
            let label = format!("{value:.2}");
            let label = label.trim_end_matches('0').trim_end_matches('.');
            if axis {
                let (at, _) = place((value, 0.0));
                let _ = writeln!(
                    svg,
                    "<path d=\"M{at:.1} {top}v{high}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                    top + high + 16.0
                );
            } else {
                let (_, at) = place((0.0, value));
                let _ = writeln!(
                    svg,
                    "<path d=\"M{left} {at:.1}h{wide}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                    left - 6.0,
                    at + 4.0
                );
            }
            value += step;
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
         <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        left + wide / 2.0,
        HEIGHT - 12.0,
        escaped(x_name),
        top + high / 2.0,
        escaped(y_name)
    );

    for line in &panel.lines {
        let inside = line.points.iter().filter(|at| at.0 <= most_x && at.1 <= most_y);
        let points: Vec<String> = inside.map(|at| place(*at)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let (colour, points) = (colour(&line.name), points.join(" "));
        let _ = writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>");
    }
    for dot in &panel.dots {
        let ((x, y), colour) = (place(dot.at), colour(&dot.name));
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
            x + 6.0,
            y - 5.0,
            escaped(&dot.name)
        );
    }
}

/// A round step that cuts `most` into four to ten.
fn step(most: f64) -> f64 {
    let power = 10f64.powf(most.log10().floor());
    [0.1, 0.2, 0.5, 1.0].map(|share| share * power).into_iter().find(|step| most / step <= 8.0).unwrap_or(power)
}

fn colour(name: &str) -> &'static str {
    match name {
        "Savings" => "#0a7f3f",
        "Balanced" => "#1756c9",
        "Resilient" => "#8b2fb0",
        "VPA" => "#c2410c",
        _ => "#444444",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_picture_shows_every_curve_and_every_dot() {
        let line = Line { name: "Balanced".into(), points: vec![(1.0, 8.0), (2.0, 4.0), (900.0, 1.0)] };
        let dots = vec![Dot { name: "VPA".into(), at: (2.0, 8.0) }, Dot { name: "a<b".into(), at: (1.0, 2.0) }];
        let svg = picture(&[Panel { title: "a & b".into(), lines: vec![line], dots }], "GiB", "%");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<polyline").count(), 1);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("a &amp; b") && svg.contains("a&lt;b"), "names are escaped");
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn steps_are_round() {
        for (most, expected) in [(0.43, 0.1), (2.1, 0.5), (5.0, 1.0), (13.0, 2.0), (28.0, 5.0)] {
            assert!((step(most) - expected).abs() < 1e-9, "{most}: {}", step(most));
        }
    }
}
