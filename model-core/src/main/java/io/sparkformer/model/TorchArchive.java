package io.sparkformer.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript archive in memory: one module without parameters, its source text and its
 * attributes.
 *
 * <p>Format: a zip of stored entries, the object in data.pkl (pickle protocol 2), see PyTorch's
 * torch/csrc/jit/docs/serialization.md.
 */
final class TorchArchive {

  /** Archives below this are read with the operators' old signatures. */
  private static final String VERSION = "10\n";

  private TorchArchive() {}

  /**
   * @param className the class that the source defines
   * @param attributes by name, in the order of the class's declarations: Boolean, Integer, Double
   *     or String
   */
  static byte[] of(String className, String source, Map<String, Object> attributes) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      store(zip, "kernels/data.pkl", pickle(className, attributes));
      store(zip, "kernels/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
      store(zip, "kernels/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      store(zip, "kernels/version", VERSION.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private static byte[] pickle(String className, Map<String, Object> attributes)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[] {(byte) 0x80, 2}); // PROTO 2
    out.write(("c__torch__\n" + className + "\n").getBytes(StandardCharsets.US_ASCII)); // GLOBAL
    out.write(new byte[] {')', (byte) 0x81, '}', '('}); // EMPTY_TUPLE NEWOBJ EMPTY_DICT MARK
    for (Map.Entry<String, Object> attribute : attributes.entrySet()) {
      string(out, attribute.getKey());
      value(out, attribute.getValue());
    }
    out.write(new byte[] {'u', 'b', '.'}); // SETITEMS BUILD STOP
    return out.toByteArray();
  }

  private static void value(ByteArrayOutputStream out, Object value) throws IOException {
    if (value instanceof Boolean flag) {
      out.write(flag ? 0x88 : 0x89); // NEWTRUE NEWFALSE
    } else if (value instanceof Integer number) {
      out.write('J'); // BININT
      out.write(littleEndian(number));
    } else if (value instanceof Double number) {
      out.write('G'); // BINFLOAT, big-endian
      out.write(ByteBuffer.allocate(Double.BYTES).putDouble(number).array());
    } else {
      string(out, (String) value);
    }
  }

  private static void string(ByteArrayOutputStream out, String text) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.write('X'); // BINUNICODE
    out.write(littleEndian(utf8.length));
    out.write(utf8);
  }

  private static byte[] littleEndian(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  /** Entries are mapped by the reader: they must not be deflated. */
  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
