package io.sparkformer.jobs.picture;

import java.awt.Color;
import java.util.Locale;

/**
 * Colours of numbers: from white for 0 to dark blue where none is negative, else from red for the
 * lowest over white for 0 to blue; legible on paper.
 *
 * @param least the number at the scale's lower end
 * @param most at the upper end
 * @param numbers what is shown
 */
public record ColourScale(float least, float most, Numbers numbers) {

  /** What is shown. */
  enum Numbers {
    /** Counts, which have no fractions. */
    WHOLE,
    ANY
  }

  /** ColorBrewer's Blues and Reds (colorbrewer2.org), from white. */
  private static final int[] BLUES = {0xffffff, 0xdeebf7, 0x9ecae1, 0x4292c6, 0x2171b5, 0x08306b};

  private static final int[] REDS = {0xffffff, 0xfee0d2, 0xfc9272, 0xfb6a4a, 0xcb181d, 0x67000d};
  private static final int NOT_A_NUMBER = 0xbdbdbd;

  ColourScale(float least, float most) {
    this(least, most, Numbers.ANY);
  }

  /** The smallest scale that has all finite values, and 0, in it. */
  public static ColourScale of(float[][] values) {
    float least = 0;
    float most = 0;
    boolean whole = true;
    for (float[] row : values) {
      for (float value : row) {
        if (Float.isFinite(value)) {
          least = Math.min(least, value);
          most = Math.max(most, value);
          whole &= value == Math.rint(value);
        }
      }
    }
    if (least < 0) {
      most = Math.max(most, -least);
      least = -most;
    }
    // A table of zeros and ones is one of probabilities.
    Numbers numbers = whole && most > 1 ? Numbers.WHOLE : Numbers.ANY;
    return new ColourScale(least, most > 0 ? most : 1, numbers);
  }

  public int rgb(float value) {
    if (Float.isNaN(value)) {
      return NOT_A_NUMBER;
    }
    float share = Math.min(1, Math.abs(value) / most);
    int[] stops = value < 0 ? REDS : BLUES;
    float place = share * (stops.length - 1);
    int stop = Math.min(stops.length - 2, (int) place);
    return mixed(stops[stop], stops[stop + 1], place - stop);
  }

  private static int mixed(int from, int to, float share) {
    int rgb = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      int low = from >> shift & 0xff;
      int high = to >> shift & 0xff;
      rgb |= Math.round(low + share * (high - low)) << shift;
    }
    return rgb;
  }

  /** Of text on the colour of a number. */
  public Color ink(float value) {
    return Math.abs(value) / most > 0.55 ? Color.WHITE : Color.BLACK;
  }

  /** A number with as many digits as tell the scale's apart. */
  String text(float value) {
    if (!Float.isFinite(value)) {
      return Float.toString(value);
    }
    if (most >= 100 || value == 0 || (numbers == Numbers.WHOLE && value == Math.rint(value))) {
      return String.format(Locale.ROOT, "%.0f", value);
    }
    if (most < 0.1) {
      return String.format(Locale.ROOT, "%.1e", value);
    }
    return String.format(Locale.ROOT, most >= 10 ? "%.1f" : "%.2f", value);
  }
}
