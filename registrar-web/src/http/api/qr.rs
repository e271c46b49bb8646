//! Draws QR codes (ISO/IEC 18004).

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around the code, which readers need.
const BORDER: i32 = 4;
/// Pixels of a module in a PNG.
const SCALE: usize = 6;

/// A text as a QR code.
pub(crate) struct Qr(QrCode);

impl Qr {
    /// `None` for a text that is too long (over 2,331 bytes).
    pub(crate) fn of(text: &str) -> Option<Self> {
        QrCode::encode_text(text, QrCodeEcc::Medium).ok().map(Self)
    }

    /// Modules of a side, border included.
    fn side(&self) -> i32 {
        self.0.size() + 2 * BORDER
    }

    fn is_black(&self, x: i32, y: i32) -> bool {
        // White outside of the code.
        self.0.get_module(x - BORDER, y - BORDER)
    }

    /// An SVG document, whose size is for the page to say.
    pub(crate) fn svg(&self) -> String {
        let side = self.side();
        let mut path = String::new();
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let run = (x..side).take_while(|x| self.is_black(*x, y)).count();
                if run > 0 {
                    // Writing to a String can't fail.
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += i32::try_from(run).unwrap_or(side) + 1;
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" role=\"img\"><title>QR code</title><path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path d=\"{path}\"/></svg>"
        )
    }

    /// A PNG image in black and white.
    pub(super) fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let side = self.side();
        let pixels = usize::try_from(side).unwrap_or_default() * SCALE;
        let mut rows = Vec::with_capacity(pixels * pixels.div_ceil(8));
        for y in 0..side {
            // A bit for each pixel, 1 for white.
            let mut row = vec![0_u8; pixels.div_ceil(8)];
            let modules = (0..side).flat_map(|x| [self.is_black(x, y); SCALE]);
            for (pixel, is_black) in modules.enumerate() {
                if let Some(byte) = row.get_mut(pixel / 8).filter(|_| !is_black) {
                    *byte |= 0x80 >> (pixel % 8);
                }
            }
            rows.extend(row.repeat(SCALE));
        }
        let width = u32::try_from(pixels).unwrap_or_default();
        let mut image = Vec::new();
        let mut encoder = png::Encoder::new(&mut image, width, width);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.write_header()?.write_image_data(&rows)?;
        Ok(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "otpauth://totp/Tilde:ada%40tilde.example?secret=GEZDGNBVGY3TQOJQ";

    /// Which modules the PNG shows black: its middle pixels, and that all of a module are alike.
    fn of_png(image: &[u8]) -> Vec<Vec<bool>> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(image))
            .read_info()
            .unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!(info.width, info.height);
        let side = info.width as usize / SCALE;
        let pixel = |x: usize, y: usize| {
            let byte = bytes[y * info.line_size + x / 8];
            byte & (0x80 >> (x % 8)) == 0
        };
        let module = |x: usize, y: usize| {
            let first = pixel(x * SCALE, y * SCALE);
            for (dx, dy) in (0..SCALE).flat_map(|dx| (0..SCALE).map(move |dy| (dx, dy))) {
                assert_eq!(pixel(x * SCALE + dx, y * SCALE + dy), first);
            }
            first
        };
        (0..side)
            .map(|y| (0..side).map(|x| module(x, y)).collect())
            .collect()
    }

    /// Which modules the SVG's path covers.
    fn of_svg(svg: &str) -> Vec<Vec<bool>> {
        let side: usize = svg.split("viewBox=\"0 0 ").nth(1).unwrap()[..2]
            .parse()
            .unwrap();
        let mut modules = vec![vec![false; side]; side];
        let path = svg
            .rsplit("d=\"")
            .next()
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        for run in path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (length, end) = rest.split_once('v').unwrap();
            assert_eq!(end, format!("1h-{length}z"));
            let x: usize = x.parse().unwrap();
            let length: usize = length.parse().unwrap();
            modules[y.parse::<usize>().unwrap()][x..x + length].fill(true);
        }
        modules
    }

    #[test]
    fn both_images_show_the_code_and_a_white_border_of_four_modules() {
        let qr = Qr::of(TEXT).unwrap();
        let shown = of_svg(&qr.svg());
        assert_eq!(of_png(&qr.png().unwrap()), shown);
        let size = qr.0.size();
        for (y, row) in (0..).zip(&shown) {
            for (x, black) in (0..).zip(row) {
                assert_eq!(*black, qr.0.get_module(x - 4, y - 4));
                let is_border = !(4..size + 4).contains(&x) || !(4..size + 4).contains(&y);
                assert!(!is_border || !black);
            }
        }
        // The corner of a finder pattern.
        assert!(shown[4][4] && !shown[5][5] && shown[6][6]);
    }

    #[test]
    fn what_is_too_long_is_no_code() {
        assert!(Qr::of(&"x".repeat(2332)).is_none());
    }
}
