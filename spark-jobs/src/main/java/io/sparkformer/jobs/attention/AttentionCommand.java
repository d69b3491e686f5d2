package io.sparkformer.jobs.attention;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.Storage;
import io.sparkformer.evaluation.TokenNames;
import io.sparkformer.jobs.GivenText;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.ModelArguments;
import io.sparkformer.jobs.OutputArguments;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.jobs.picture.AttentionPictures;
import io.sparkformer.jobs.picture.HeatMap;
import io.sparkformer.model.AttentionMaps;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code sparkformer attention}.
 *
 * <p>Runs in the driver, without a Spark application: there is nothing to distribute.
 */
@Command(
    name = "attention",
    sortOptions = false,
    description =
        "Shows what a model attends to and predicts for a text: pictures, and attention.json with all numbers.")
public final class AttentionCommand implements JobCommand, Callable<AttentionResult> {

  static final String FILE = "attention.json";

  /** Numbers that are worked with, below which threads cost more than they bring. */
  private static final long SMALL = 4_000_000;

  private static final Logger LOG = LoggerFactory.getLogger(AttentionCommand.class);

  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  @Spec private CommandSpec spec;

  @Mixin private ModelArguments model;

  @ArgGroup(multiplicity = "1")
  private Text text;

  @Mixin private OutputArguments output;

  @Option(
      names = "--top-k",
      defaultValue = "10",
      paramLabel = "K",
      description =
          "How many of the likeliest tokens or labels are shown. Default: ${DEFAULT-VALUE}.")
  private int topK;

  @Option(
      names = "--layer",
      split = ",",
      paramLabel = "N",
      description = "Only these layers, from 0. Default: all.")
  private List<Integer> layers = List.of();

  @Option(
      names = "--head",
      split = ",",
      paramLabel = "N",
      description = "Only these heads of a layer, from 0. Default: all.")
  private List<Integer> heads = List.of();

  /** What is looked at; picocli sets one of the two. */
  private static final class Text {

    @Option(
        names = "--text",
        required = true,
        paramLabel = "TEXT",
        description = "The text to look at.")
    private String text;

    @Option(
        names = "--ids",
        required = true,
        split = ",",
        paramLabel = "ID",
        description = "The same as token ids.")
    private int[] ids;
  }

  @Override
  public AttentionResult call() throws IOException {
    long started = System.nanoTime();
    require(topK > 0, "--top-k is %d: it must be at least 1", topK);
    Configuration hadoop = SparkContexts.hadoopConfiguration();
    ModelDirectory directory = model.open(hadoop);
    ModelConfig config = directory.config();
    GivenText given =
        GivenText.of(directory, new GivenText.Options("--text", text.text, "--ids", text.ids));
    int[] ids = given.ids();
    Attention.requireText(ids, config);
    List<Integer> chosenLayers = Attention.chosen("--layer", layers, config.numLayers());
    List<Integer> chosenHeads =
        Attention.chosen("--head", heads, config.numLayers() == 0 ? 0 : config.numHeads());
    Attention.requireFew(ids.length, chosenLayers, chosenHeads);
    TokenNames names = TokenNames.of(given.tokenizer());
    try (OutputDirectory written = output.besideModel(model, FILE, hadoop)) {
      Attention attention =
          new Attention(
              config,
              directory.problem(),
              ids,
              names.of(ids),
              Attention.classes(config, names, directory.labels()),
              look(directory, ids),
              chosenLayers,
              chosenHeads);
      int pictures = write(attention, written);
      show(attention);
      return new AttentionResult(
          ids.length,
          chosenLayers.size(),
          chosenHeads.size(),
          pictures,
          attention.likeliest(attention.maps().probabilities().length - 1, topK),
          model.path(),
          Storage.shown(written.output()),
          (System.nanoTime() - started) / 1e9);
    }
  }

  private static AttentionMaps look(ModelDirectory directory, int[] ids) throws IOException {
    try (Gpt gpt = directory.load(Precision.FP32, Device.cpu())) {
      boolean small = gpt.parameterCount() * ids.length < SMALL;
      Kernels.threads(small ? 1 : Runtime.getRuntime().availableProcessors());
      return AttentionMaps.of(gpt, directory.problem(), ids);
    }
  }

  /** Returns the number of pictures. */
  private int write(Attention attention, OutputDirectory written) throws IOException {
    written.startAfresh();
    try (OutputStream out = written.fileSystem().create(new Path(written.staging(), FILE), true)) {
      JSON.writeValue(out, attention.file(model.path(), topK));
    }
    try {
      draw(attention, written);
    } catch (RuntimeException | LinkageError e) { // a JVM without fonts
      LOG.warn("not all pictures were drawn, but {} has all numbers: {}", FILE, e.toString());
    }
    int pictures = written.fileSystem().globStatus(new Path(written.staging(), "*.png")).length;
    written.commit();
    return pictures;
  }

  private static void draw(Attention attention, OutputDirectory written) throws IOException {
    for (int layer : attention.layers()) {
      for (int head : attention.heads()) {
        save(
            AttentionPictures.weights(
                attention.tokens(), attention.maps().weights()[layer][head], layer, head),
            name("attention", layer, head),
            written);
        if (attention.showsValues()) {
          save(
              AttentionPictures.values(
                  attention.tokens(), attention.maps().values()[layer][head], layer, head),
              name("values", layer, head),
              written);
        }
      }
    }
    if (attention.showsAllClasses()) {
      save(attention.predictions(), "predictions.png", written);
    }
  }

  private static String name(String what, int layer, int head) {
    return String.format(Locale.ROOT, "%s-layer-%02d-head-%02d.png", what, layer, head);
  }

  private static void save(HeatMap map, String name, OutputDirectory written) throws IOException {
    try (OutputStream out = written.fileSystem().create(new Path(written.staging(), name), true)) {
      out.write(map.png());
    }
  }

  private void show(Attention attention) {
    if (attention.config().numLayers() == 0) {
      spec.commandLine()
          .getErr()
          .println("the model has no attention layers: only its predictions are written");
    }
    spec.commandLine().getErr().print(attention.table(topK));
    spec.commandLine().getErr().flush();
  }
}
