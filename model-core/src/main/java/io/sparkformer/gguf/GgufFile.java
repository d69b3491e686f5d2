package io.sparkformer.gguf;

import io.sparkformer.safetensors.NumberFormat;
import io.sparkformer.safetensors.TensorBytes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.List;

/**
 * A GGUF file of version 3: magic, version, numbers of tensors and of metadata pairs, the pairs, a
 * table of the tensors, their numbers. These, and each tensor's, begin at multiples of 32 bytes.
 *
 * @param metadata its pairs
 * @param tensors in the order of the file
 */
record GgufFile(GgufMetadata metadata, List<GgufTensor> tensors) {

  private static final int MAGIC = 0x46554747; // GGUF
  private static final int VERSION = 3;
  private static final int ALIGNMENT = 32;

  /** ggml's number for a type. */
  private static int code(NumberFormat type) {
    return switch (type) {
      case FP32 -> 0;
      case FP16 -> 1;
      case BF16 -> 30;
      case FP64 -> 28;
    };
  }

  /** Writes the file, the numbers of one tensor after the other. */
  void write(OutputStream stream) throws IOException {
    try (WritableByteChannel out = Channels.newChannel(stream);
        TensorBytes numbers = new TensorBytes()) {
      write(out, numbers);
    }
  }

  private void write(WritableByteChannel out, TensorBytes numbers) throws IOException {
    byte[] start =
        new GgufMetadata()
            .int32(MAGIC)
            .int32(VERSION)
            .int64(tensors.size())
            .int64(metadata.count())
            .bytes();
    byte[] pairs = metadata.bytes();
    byte[] table = table();
    for (byte[] part : List.of(start, pairs, table)) {
      out.write(ByteBuffer.wrap(part));
    }
    pad(out, (long) start.length + pairs.length + table.length);
    for (GgufTensor tensor : tensors) {
      tensor.write(out, numbers);
      pad(out, tensor.bytes());
    }
  }

  private byte[] table() {
    GgufMetadata table = new GgufMetadata();
    long offset = 0;
    for (GgufTensor tensor : tensors) {
      table.string(tensor.name()).int32(tensor.dimensions()).int64(tensor.columns());
      if (tensor.dimensions() == 2) {
        table.int64(tensor.rows()); // sizes are given innermost first
      }
      table.int32(code(tensor.type())).int64(offset);
      offset += tensor.bytes() + padding(tensor.bytes());
    }
    return table.bytes();
  }

  private static void pad(WritableByteChannel out, long bytes) throws IOException {
    out.write(ByteBuffer.allocate(padding(bytes)));
  }

  private static int padding(long bytes) {
    return Math.floorMod(-bytes, ALIGNMENT);
  }
}
