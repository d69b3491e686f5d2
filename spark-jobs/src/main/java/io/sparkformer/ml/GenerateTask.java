package io.sparkformer.ml;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.generate.Continuation;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.predict.LanguageModel;
import io.sparkformer.predict.TextReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** What a language model writes after texts. */
record GenerateTask(SamplingOptions options) implements LanguageTask {

  private static final String STOPPED_BY = "stopped_by";

  static final StructType TYPE =
      new StructType()
          .add("text", DataTypes.StringType)
          .add("num_tokens", DataTypes.IntegerType)
          .add(STOPPED_BY, DataTypes.StringType)
          .add("error", DataTypes.StringType);

  /** The end of a long prompt matters, as in generate. */
  @Override
  public TextReader reader(LanguageModel model) {
    return model.reader(Truncation.LEFT);
  }

  @Override
  public List<Row> run(LanguageModel model, List<int[]> rows) {
    Map<Integer, List<Integer>> byLength = new TreeMap<>();
    for (int i = 0; i < rows.size(); i++) {
      byLength.computeIfAbsent(rows.get(i).length, length -> new ArrayList<>()).add(i);
    }
    Row[] results = new Row[rows.size()];
    for (List<Integer> group : byLength.values()) {
      List<Row> found = together(model, group.stream().map(rows::get).toList());
      for (int i = 0; i < group.size(); i++) {
        results[group.get(i)] = found.get(i);
      }
    }
    return Arrays.asList(results);
  }

  private List<Row> together(LanguageModel model, List<int[]> prompts) {
    try {
      return model.generate(prompts, options).stream().map(made -> result(model, made)).toList();
    } catch (InvalidInputException e) { // one of them made the model's output no numbers
      return prompts.size() == 1
          ? List.of(failed(e.getMessage()))
          : prompts.stream().map(alone -> together(model, List.of(alone)).get(0)).toList();
    }
  }

  private static Row result(LanguageModel model, Continuation made) {
    return RowFactory.create(
        model.text(made.ids()), made.ids().size(), made.stoppedBy().label(), null);
  }

  @Override
  public List<String> outcomes(Row result) {
    return List.of(result.getString(TYPE.fieldIndex(STOPPED_BY)));
  }

  @Override
  public StructType type() {
    return TYPE;
  }
}
