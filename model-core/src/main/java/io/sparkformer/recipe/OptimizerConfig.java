package io.sparkformer.recipe;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sparkformer.model.Kernels;
import java.util.List;

/**
 * How weights follow their gradients; a recipe's section {@code optimizer}.
 *
 * @param kind the rule
 * @param learningRate the full rate, of which the schedule makes each step's
 * @param beta1 decay of Adam's first moment
 * @param beta2 decay of its second moment
 * @param epsilon added to its root
 * @param momentum of gradient descent
 * @param weightDecay of the weights that decay
 * @param decay which do
 * @param noDecay patterns of the names of weights that do not
 * @param maxGradNorm the norm of all gradients together that is not exceeded; 0 for none
 */
public record OptimizerConfig(
    Kind kind,
    double learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double momentum,
    double weightDecay,
    Decay decay,
    List<String> noDecay,
    double maxGradNorm) {

  /** The rule. */
  public enum Kind {
    @JsonProperty("adamw")
    ADAMW(Kernels.Rule.ADAMW),
    @JsonProperty("adam")
    ADAM(Kernels.Rule.ADAM),
    @JsonProperty("sgd")
    SGD(Kernels.Rule.SGD);

    private final Kernels.Rule rule;

    Kind(Kernels.Rule rule) {
      this.rule = rule;
    }

    public Kernels.Rule rule() {
      return rule;
    }
  }

  /** What decays. */
  public enum Decay {
    /** Weights of two dimensions. */
    @JsonProperty("matrices")
    MATRICES,
    /** All weights, as PyTorch does if it is not told otherwise. */
    @JsonProperty("all")
    ALL
  }

  public OptimizerConfig {
    Recipe.notNegative("optimizer.learning-rate", learningRate);
    Recipe.fraction("optimizer.beta1", beta1);
    Recipe.fraction("optimizer.beta2", beta2);
    require(epsilon > 0, "optimizer.epsilon is %s: it must be above 0", epsilon);
    Recipe.fraction("optimizer.momentum", momentum);
    require(
        momentum == 0 || kind == Kind.SGD,
        "optimizer.momentum is %s, but optimizer.kind is not sgd: set beta1 instead",
        momentum);
    Recipe.notNegative("optimizer.weight-decay", weightDecay);
    noDecay = List.copyOf(noDecay);
    Recipe.notNegative("optimizer.max-grad-norm", maxGradNorm);
  }
}
