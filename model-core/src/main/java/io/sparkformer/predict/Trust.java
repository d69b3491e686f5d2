package io.sparkformer.predict;

/** Whose programs are run. A TorchScript module is one: it can do what its user can. */
public enum Trust {
  /** Modules that this program's export wrote, byte for byte. */
  OURS,
  /** Modules of anybody. */
  ANYBODY
}
