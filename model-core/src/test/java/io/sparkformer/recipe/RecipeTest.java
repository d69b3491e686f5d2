package io.sparkformer.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelConfig;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values that no run can have, for a data set of 65 tokens. */
class RecipeTest {

  @Test
  void aModelThatCannotFitTheMemoryIsRefusedBeforeItIsBuilt() {
    Recipe recipe =
        RecipeFile.defaults()
            .with(List.of("model.embedding-dim=100000000", "model.num-heads=1"))
            .bind(DataShape.ofVocabulary(65));
    assertThatThrownBy(() -> recipe.requireFits(8_000_000_000L))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("GB for weights, gradients and moments, there are 7.5 GB: lower");
  }

  @Test
  void aMicroBatchThatCannotFitTheMemoryIsRefused() {
    Recipe recipe =
        RecipeFile.defaults()
            .with(List.of("training.micro-batch-size=2000000000"))
            .bind(DataShape.ofVocabulary(65));
    assertThatThrownBy(() -> recipe.requireFits(8_000_000_000L))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("a micro-batch of 128000000000 tokens")
        .hasMessageContaining("lower training.micro-batch-size or model.context-length");
  }

  @Test
  void parametersAreCountedWithoutBuildingTheModel() {
    for (String bias : List.of("true", "false")) {
      for (String output : List.of("tied", "own")) {
        ModelConfig config =
            RecipeFile.defaults()
                .with(List.of("model.bias=" + bias, "model.head.output=" + output))
                .bind(DataShape.ofVocabulary(65))
                .model();
        assertThat(config.parameterCount())
            .isEqualTo(
                Gpt.shapes(config).values().stream().mapToDouble(shape -> shape.size()).sum());
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "training.precision=fp16  | training.precision is 'fp16': it must be one of fp32, bf16",
        "schedule.kind=step       | schedule.kind is 'step': it must be one of constant, linear, cosine, cosine-annealing",
        "model.activation=silu    | model.activation is 'silu': it must be one of gelu-tanh, gelu, relu",
        "model.num-heads=3        | model.embedding-dim (128) is not a multiple of model.num-heads (3): change one of them, or set model.head-dim",
        "model.num-heads=0        | model.num-heads is 0: it must be at least 1",
        "model.num-layers=-1      | model.num-layers is -1: it must be at least 0",
        "model.embedding-dim=0    | model.embedding-dim is 0: it must be at least 1",
        "model.context-length=0   | model.context-length is 0: it must be at least 1",
        "model.feed-forward-dim=-1 | model.feed-forward-dim is -1: it must be at least 1, or 0 for 4 x model.embedding-dim",
        "model.dropout=1          | model.dropout is 1.0: it must be at least 0 and below 1",
        "model.dropout=-0.1       | model.dropout is -0.1: it must be at least 0 and below 1",
        "model.layer-norm-epsilon=0 | model.layer-norm-epsilon is 0.0: it must be above 0",
        "training.max-steps=0     | training.max-steps is 0: it must be at least 1",
        "training.micro-batch-size=0 | training.micro-batch-size is 0: it must be at least 1",
        "training.global-batch-size=-1 | training.global-batch-size is -1: it must be at least 0",
        "training.global-batch-size=30 | training.global-batch-size (30) is not a multiple of training.micro-batch-size (12): change one of them",
        "training.threads=-1      | training.threads is -1: it must be at least 0",
        "training.log-interval=0  | training.log-interval is 0: it must be at least 1",
        "optimizer.learning-rate=-1e-3 | optimizer.learning-rate is -0.001: it must be 0 or more",
        "optimizer.beta1=1        | optimizer.beta1 is 1.0: it must be at least 0 and below 1",
        "optimizer.beta2=-0.5     | optimizer.beta2 is -0.5: it must be at least 0 and below 1",
        "optimizer.epsilon=0      | optimizer.epsilon is 0.0: it must be above 0",
        "optimizer.weight-decay=-1 | optimizer.weight-decay is -1.0: it must be 0 or more",
        "optimizer.max-grad-norm=-1 | optimizer.max-grad-norm is -1.0: it must be 0 or more",
        "schedule.warmup-steps=-1 | schedule.warmup-steps is -1: it must be at least 0",
        "schedule.decay-steps=-1  | schedule.decay-steps is -1: it must be at least 0",
        "schedule.decay-steps=100 | schedule.decay-steps (100) must be above schedule.warmup-steps (100), or 0 for training.max-steps",
        "schedule.min-learning-rate=-1 | schedule.min-learning-rate is -1.0: it must be 0 or more",
        "evaluation.interval=0    | evaluation.interval is 0: it must be at least 1",
        "evaluation.batches=-1    | evaluation.batches is -1: it must be at least 0",
        "checkpoint.interval=0    | checkpoint.interval is 0: it must be at least 1",
        "checkpoint.keep=0        | checkpoint.keep is 0: it must be at least 1",
        "checkpoint.on-failure=go | checkpoint.on-failure is 'go': it must be one of continue, stop",
        "model.head-dim=-1       | model.head-dim is -1: it must be at least 1, or 0 for model.embedding-dim / model.num-heads",
        "model.value-dim=-1      | model.value-dim is -1: it must be at least 1, or 0 for model.head-dim",
        "model.mask=future       | model.mask is 'future': it must be one of causal, bidirectional",
        "model.positions=rotary  | model.positions is 'rotary': it must be one of learned, none",
        "model.norm=post         | model.norm is 'post': it must be one of pre, none",
        "model.feed-forward=moe  | model.feed-forward is 'moe': it must be one of none, linear, mlp",
        "model.head.kind=regression | model.head.kind is 'regression': it must be one of language-model, token-classification, sequence-classification",
        "model.head.output=none  | model.head.output is 'none': it must be one of tied, own, identity",
        "data.order=sorted       | data.order is 'sorted': it must be one of random, epochs",
        "data.source=web         | data.source is 'web': it must be one of dataset, reversal, sentences",
        "data.samples=lines      | data.samples is 'lines': it must be one of windows, sequences",
        "data.truncate=middle    | data.truncate is 'middle': it must be one of right, left, whole-right",
        "data.sentences=[a b]    | data.sentences are given, but data.source is not sentences: set it",
        "training.max-epochs=-1  | training.max-epochs is -1: it must be at least 0",
        "training.initialization=xavier | training.initialization is 'xavier': it must be one of gpt2, pytorch",
        "optimizer.kind=lion     | optimizer.kind is 'lion': it must be one of adamw, adam, sgd",
        "optimizer.decay=none    | optimizer.decay is 'none': it must be one of matrices, all",
        "schedule.per=hour       | schedule.per is 'hour': it must be one of step, epoch",
        "schedule.decay-epochs=-1 | schedule.decay-epochs is -1: it must be at least 0",
        "evaluation.monitor=bleu | evaluation.monitor is 'bleu': it must be one of loss, accuracy, macro-precision, macro-recall, macro-f1, weighted-f1",
        "evaluation.best=most    | evaluation.best is 'most': it must be one of auto, min, max",
        "evaluation.patience=-1  | evaluation.patience is -1: it must be at least 0",
        "evaluation.min-delta=-1 | evaluation.min-delta is -1.0: it must be 0 or more",
        "model.vocab-size=64      | model.vocab-size is 64, but the data set has 65 tokens: leave the key away, or raise it",
        "model.vocab-size=-1      | model.vocab-size is -1, but the data set has 65 tokens: leave the key away, or raise it",
        "model.vocab-size=99999999999 | model.vocab-size is 99999999999: it must be at most 2147483647",
        "training.micro-batch-size=99999999999 | training.micro-batch-size is 99999999999: it must be at most 2147483647",
      })
  void anImpossibleValueIsRefusedWithWhatIsPossible(String setting, String message) {
    assertThatThrownBy(
            () -> RecipeFile.defaults().with(List.of(setting)).bind(DataShape.ofVocabulary(65)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message);
  }
}
