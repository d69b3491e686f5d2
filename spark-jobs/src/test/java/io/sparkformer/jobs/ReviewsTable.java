package io.sparkformer.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.SharedData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** The sentence polarity data set as a table. */
public final class ReviewsTable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private ReviewsTable() {}

  /** Writes its rows, a text and a label each, in a mixed order that is always the same. */
  public static void write(Path file) throws IOException {
    List<String> rows = new ArrayList<>();
    for (String label : List.of("neg", "pos")) {
      Path source = SharedData.file("sentence_polarity/rt-polarity." + label);
      for (String text : Files.readAllLines(source, StandardCharsets.ISO_8859_1)) {
        ObjectNode row = JSON.createObjectNode();
        row.put("text", text.strip());
        row.put("label", label);
        rows.add(row.toString());
      }
    }
    Collections.shuffle(rows, new Random(1));
    Files.write(file, rows);
  }
}
