package io.sparkformer.ml;

import ai.djl.Device;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.predict.Classes;
import io.sparkformer.predict.Classification;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.TextReader;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The classes of texts.
 *
 * @param topK classes that are also given as text
 * @param truncation null: as the model was trained
 * @param threshold above which a label holds, where a text may have any number
 * @param trust of a TorchScript module
 */
record ClassifyTask(int topK, Truncation truncation, double threshold, Trust trust)
    implements TextTask<SequenceModel> {

  private static final String LABELS = "labels";

  /** The first three as DJL's TextClassifier for Spark writes them. */
  static final StructType TYPE =
      new StructType()
          .add("class_names", DataTypes.createArrayType(DataTypes.StringType))
          .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType))
          .add("top_k", DataTypes.createArrayType(DataTypes.StringType))
          .add("label", DataTypes.StringType)
          .add("score", DataTypes.DoubleType)
          .add(LABELS, DataTypes.createArrayType(DataTypes.StringType))
          .add("num_tokens", DataTypes.IntegerType)
          .add("error", DataTypes.StringType);

  private static final double DIGITS = 1e5;

  @Override
  public SequenceModel load(String path, Configuration hadoop, Device device) throws IOException {
    return SequenceModel.open(path, hadoop, device, trust);
  }

  @Override
  public TextReader reader(SequenceModel model) {
    return model.reader(Optional.ofNullable(truncation));
  }

  @Override
  public List<Row> run(SequenceModel model, List<int[]> rows) {
    Classes classes = model.classes();
    float[][] logits = model.logits(rows);
    List<Row> results = new ArrayList<>(rows.size());
    for (int i = 0; i < logits.length; i++) {
      int tokens = rows.get(i).length;
      results.add(
          Classification.of(classes.problem(), logits[i])
              .map(found -> result(classes.labels(), found, tokens))
              .orElseGet(() -> failed("the model's output is not finite")));
    }
    return results;
  }

  private Row result(List<String> labels, Classification found, int tokens) {
    int count = found.classes().length;
    String[] names = new String[count];
    Double[] probabilities = new Double[count];
    String[] best = new String[Math.min(topK, count)];
    for (int i = 0; i < count; i++) {
      names[i] = labels.get(found.classes()[i]);
      probabilities[i] = found.probabilities()[i];
      if (i < best.length) {
        best[i] = json(names[i], probabilities[i]);
      }
    }
    String[] holding = Arrays.copyOf(names, found.holding(threshold));
    return RowFactory.create(
        names, probabilities, best, names[0], probabilities[0], holding, tokens, null);
  }

  /** As DJL's Classification shows itself, whose digits beyond the fifth are cut off. */
  private static String json(String name, double probability) {
    String number =
        probability < 1 / DIGITS
            ? String.format(Locale.ROOT, "%.1e", probability)
            : String.format(Locale.ROOT, "%.5f", (long) (probability * DIGITS) / DIGITS);
    String quoted = new String(JsonStringEncoder.getInstance().quoteAsString(name));
    return "{\"className\": \"" + quoted + "\", \"probability\": " + number + "}";
  }

  @Override
  public List<String> outcomes(Row result) {
    return List.of((String[]) result.get(TYPE.fieldIndex(LABELS)));
  }

  @Override
  public StructType type() {
    return TYPE;
  }
}
