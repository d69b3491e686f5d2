package io.sparkformer.gguf;

/** Numbers of 16 bits, rounded to the nearest, of two as near to the even one (IEEE 754). */
public final class SixteenBits {

  private static final int MAGNITUDE = 0x7FFF_FFFF;
  private static final int INFINITE = 0x7F80_0000;

  /** Half way from the largest float16, 65504, to the next power of two. */
  private static final int TOO_LARGE_FLOAT16 = Float.floatToRawIntBits(65520f);

  private static final int SMALLEST_NORMAL_FLOAT16 = Float.floatToRawIntBits(0x1p-14f);
  private static final int INFINITE_FLOAT16 = 0x7C00;

  private SixteenBits() {}

  /** The bits of an IEEE 754 half; NaN stays NaN, what is too large is infinite. */
  public static short float16(float number) {
    int bits = Float.floatToRawIntBits(number);
    int magnitude = bits & MAGNITUDE;
    return (short) (((bits >>> 16) & 0x8000) | float16Magnitude(magnitude));
  }

  private static int float16Magnitude(int magnitude) {
    if (magnitude > INFINITE) {
      return INFINITE_FLOAT16 | 0x200 | ((magnitude >> 13) & 0x3FF);
    }
    if (magnitude >= TOO_LARGE_FLOAT16) {
      return INFINITE_FLOAT16;
    }
    if (magnitude >= SMALLEST_NORMAL_FLOAT16) {
      int rebiased = magnitude - ((127 - 15) << 23);
      return (rebiased + 0xFFF + ((rebiased >> 13) & 1)) >> 13;
    }
    return (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24); // subnormal, or 2^-14
  }

  /** The bits of a bfloat16, a float32's upper half. */
  public static short bfloat16(float number) {
    int bits = Float.floatToRawIntBits(number);
    if ((bits & MAGNITUDE) > INFINITE) {
      return (short) ((bits >>> 16) | 0x40); // its payload may be in the lower half alone
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  public static float ofFloat16(int bits) {
    int exponent = (bits >> 10) & 0x1F;
    int fraction = bits & 0x3FF;
    double magnitude =
        switch (exponent) {
          case 0 -> fraction * 0x1p-24;
          case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
          default -> (1024 + fraction) * Math.pow(2, exponent - 25.0);
        };
    return (float) ((bits & 0x8000) == 0 ? magnitude : -magnitude);
  }

  public static float ofBfloat16(int bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
