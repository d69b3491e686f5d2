package io.sparkformer.jobs.export;

import io.sparkformer.safetensors.NumberFormat;
import java.util.Locale;

/** What a model's numbers are written as. */
enum Dtype {
  FP32(NumberFormat.FP32),
  FP16(NumberFormat.FP16),
  BF16(NumberFormat.BF16);

  private final NumberFormat format;

  Dtype(NumberFormat format) {
    this.format = format;
  }

  NumberFormat format() {
    return format;
  }

  /** As on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
