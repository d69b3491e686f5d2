package io.sparkformer.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript archive: a module of the class {@code Gpt}.
 *
 * <p>Format: a zip of stored entries, the object in data.pkl, see PyTorch's
 * torch/csrc/jit/docs/serialization.md.
 *
 * @param methods source text of the class's methods, indented
 * @param attributes by name: Boolean, Integer, Double or String
 * @param parameters by name
 */
public record TorchArchive(
    List<String> methods, Map<String, Object> attributes, Map<String, Parameter> parameters) {

  private static final String NAME = "Gpt";

  /** Archives below this are read with the operators' old signatures. */
  private static final String VERSION = "10\n";

  private static final byte[] EMPTY_TUPLE = {(byte) 0x80, 2, ')', '.'};

  /** What PyTorch's own archives have, for readers that map the file. */
  private static final int ALIGNMENT = 64;

  /** Of a zip entry's header, without its name and extra field. */
  private static final int HEADER_BYTES = 30;

  private static final int EXTRA_HEADER_BYTES = 4;
  private static final short PADDING_ID = 0x4246; // "FB", as PyTorch calls its own

  /** The same archive has the same bytes at any time. */
  private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

  /**
   * A float32 tensor.
   *
   * @param numbers what is written of it
   */
  public record Parameter(Shape shape, Numbers numbers) {

    /** An array's, which stays the caller's. */
    public static Parameter of(NDArray array) {
      if (array.getDataType() != DataType.FLOAT32) {
        throw new IllegalArgumentException("a parameter is " + array.getDataType());
      }
      return new Parameter(array.getShape(), position -> array.toByteBuffer());
    }
  }

  /** A tensor's numbers, little-endian and row-major. */
  @FunctionalInterface
  public interface Numbers {
    /** All of them, which are to be written at a position of the archive. */
    ByteBuffer at(long position) throws IOException;
  }

  /**
   * Source text beside a class.
   *
   * @param resource its name
   */
  public static String methods(Class<?> beside, String resource) {
    try (InputStream in = beside.getResourceAsStream(resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + resource, e);
    }
  }

  /** The whole archive in memory, which is for modules without parameters. */
  public byte[] bytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  /** Writes the archive, one parameter after the other; the stream stays open. */
  public void write(OutputStream stream) throws IOException {
    Counted counted = new Counted(new BufferedOutputStream(stream, 1 << 16));
    ZipOutputStream zip = new ZipOutputStream(counted);
    store(zip, counted, "data.pkl", at -> ByteBuffer.wrap(pickle()));
    store(zip, counted, "code/__torch__.py", at -> utf8(source()));
    store(zip, counted, "constants.pkl", at -> ByteBuffer.wrap(EMPTY_TUPLE));
    store(zip, counted, "version", at -> utf8(VERSION));
    store(zip, counted, "byteorder", at -> utf8("little"));
    int key = 0;
    for (Parameter parameter : parameters.values()) {
      store(zip, counted, "data/" + key++, parameter.numbers());
    }
    zip.finish();
    counted.flush();
  }

  private static ByteBuffer utf8(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private String source() {
    StringBuilder source = new StringBuilder("class " + NAME + "(Module):\n");
    source.append("  __parameters__ = [");
    parameters.keySet().forEach(name -> source.append('"').append(name).append("\", "));
    source.append("]\n  __buffers__ = []\n");
    parameters.keySet().forEach(name -> source.append("  ").append(name).append(" : Tensor\n"));
    attributes.forEach(
        (name, value) ->
            source.append("  ").append(name).append(" : ").append(type(value)).append('\n'));
    methods.forEach(source::append);
    return source.toString();
  }

  private static String type(Object attribute) {
    if (attribute instanceof Boolean) {
      return "bool";
    }
    if (attribute instanceof Integer) {
      return "int";
    }
    return attribute instanceof Double ? "float" : "str";
  }

  private byte[] pickle() {
    Pickle pickle = new Pickle();
    pickle.global("__torch__", NAME).emptyTuple().newObject().emptyDictionary().mark();
    int key = 0;
    for (Map.Entry<String, Parameter> parameter : parameters.entrySet()) {
      pickle.string(parameter.getKey());
      tensor(pickle, parameter.getValue().shape(), Integer.toString(key++));
    }
    attributes.forEach((name, value) -> pickle.string(name).value(value));
    return pickle.setItems().build().bytes();
  }

  /** A contiguous tensor that no gradient is asked for; its numbers are the entry data/KEY. */
  private static void tensor(Pickle pickle, Shape of, String key) {
    long[] shape = of.getShape();
    List<Integer> sizes = new ArrayList<>();
    List<Integer> strides = new ArrayList<>();
    int stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      sizes.add(0, Math.toIntExact(shape[i]));
      strides.add(0, stride);
      stride = Math.toIntExact(stride * shape[i]);
    }
    pickle.global("torch._utils", "_rebuild_tensor_v2").mark();
    pickle.mark().string("storage").global("torch", "FloatStorage").string(key).string("cpu");
    pickle.value(stride).tuple().persistent();
    pickle.value(0).tuple(sizes).tuple(strides).value(false);
    pickle.global("collections", "OrderedDict").emptyTuple().reduce();
    pickle.tuple().reduce();
  }

  /** Entries are mapped by the reader: they must not be deflated. */
  private static void store(ZipOutputStream zip, Counted counted, String name, Numbers numbers)
      throws IOException {
    ZipEntry entry = new ZipEntry("model/" + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setTimeLocal(TIME);
    long data = counted.count + HEADER_BYTES + entry.getName().length() + EXTRA_HEADER_BYTES;
    int padding = (int) Math.floorMod(-data, (long) ALIGNMENT);
    entry.setExtra(padding(padding));
    ByteBuffer content = numbers.at(data + padding);
    CRC32 crc = new CRC32();
    crc.update(content.duplicate());
    entry.setSize(content.remaining());
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    WritableByteChannel channel = Channels.newChannel(zip);
    while (content.hasRemaining()) {
      channel.write(content);
    }
    zip.closeEntry();
  }

  private static byte[] padding(int bytes) {
    return ByteBuffer.allocate(EXTRA_HEADER_BYTES + bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort(PADDING_ID)
        .putShort((short) bytes)
        .array();
  }

  /** Knows how many bytes went through it. */
  private static final class Counted extends FilterOutputStream {
    private long count;

    Counted(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      count++;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      count += length;
    }
  }
}
