package io.sparkformer.jobs.input;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;

/** Reads sources whole, for tests. */
public final class TableReading {

  /** A document as a task saw it; {@code text} is "null" if it is one. */
  record Document(int unit, String where, String label, String text)
      implements java.io.Serializable {}

  private TableReading() {}

  public static TableOptions request(InputFormat format, Object... inputs) {
    return new TableOptions(
        format,
        IntStream.range(0, inputs.length).mapToObj(i -> inputs[i].toString()).toList(),
        "text",
        Optional.empty());
  }

  public static TableOptions labelled(TableOptions request) {
    return new TableOptions(
        request.format(), request.inputs(), request.textColumn(), Optional.of("label"));
  }

  public static List<Document> documents(SparkSession spark, TableOptions request) {
    return documents(TableSource.open(spark, request, 1 << 20));
  }

  public static List<Document> documents(Source source) {
    List<Integer> all = IntStream.range(0, source.units()).boxed().toList();
    return source.map(all, TableReading::read).collect().stream().flatMap(List::stream).toList();
  }

  static List<String> texts(SparkSession spark, TableOptions request) {
    return documents(spark, request).stream().map(Document::text).toList();
  }

  private static List<Document> read(int unit, Documents documents) throws java.io.IOException {
    List<Document> read = new ArrayList<>();
    while (documents.next()) {
      StringBuilder text = new StringBuilder(documents.isNull() ? "null" : "");
      while (documents.nextPiece()) {
        text.append(
            new String(
                documents.bytes(),
                documents.from(),
                documents.to() - documents.from(),
                StandardCharsets.UTF_8));
      }
      read.add(new Document(unit, documents.where(), documents.label(), text.toString()));
    }
    return read;
  }
}
