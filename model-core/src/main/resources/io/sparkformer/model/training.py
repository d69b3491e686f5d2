  def evaluate(self: __torch__.Gpt, idx: Tensor, targets: Tensor, lengths: Tensor, p: List[Tensor]) -> Tensor:
    # [the sum of losses, the predicted class of each]
    y = self.outputs(idx, lengths, p, 0.)
    loss = torch.cross_entropy_loss(y, torch.reshape(targets, [-1]), None, 2, -100, 0.)
    return torch.cat([torch.reshape(loss, [1]), torch.to(torch.argmax(y, 1), 6)])
  def row_losses(self: __torch__.Gpt, idx: Tensor, targets: Tensor, lengths: Tensor, p: List[Tensor]) -> Tensor:
    # [B], the sum of each row's losses
    B, T, = torch.size(idx)
    y = self.outputs(idx, lengths, p, 0.)
    loss = torch.cross_entropy_loss(y, torch.reshape(targets, [-1]), None, 0, -100, 0.)
    return torch.sum(torch.view(loss, [B, T]), [1])
  def gradients(self: __torch__.Gpt, idx: Tensor, targets: Tensor, lengths: Tensor, class_weights: Tensor, p: List[Tensor]) -> List[Tensor]:
    # [sum of losses, gradient of p[0], gradient of p[1], ...]
    all = annotate(List[Tensor], [])
    leaves = annotate(List[Tensor], [])
    for i in range(torch.len(p)):
      if self.frozen[i] == "f":
        _0 = torch.append(all, torch.detach(p[i]))
      else:
        leaf = torch.requires_grad_(torch.detach(p[i]))
        _1 = torch.append(all, leaf)
        _2 = torch.append(leaves, leaf)
    y = self.outputs(idx, lengths, all, self.dropout)
    weights = annotate(Optional[Tensor], None)
    if torch.size(class_weights, 0) > 0:
      weights = class_weights
    else:
      pass
    loss = torch.cross_entropy_loss(y, torch.reshape(targets, [-1]), weights, 2, -100, self.label_smoothing)
    out = [torch.detach(loss)]
    gradients = torch.grad([loss], leaves)
    g = 0
    for i0 in range(torch.len(p)):
      if self.frozen[i0] == "f":
        _3 = torch.append(out, torch.zeros_like(p[i0]))
      else:
        _4 = torch.append(out, unchecked_cast(Tensor, gradients[g]))
        g = g + 1
    return out
  def accumulate(self: __torch__.Gpt, sums: List[Tensor], gradients: List[Tensor]) -> Tensor:
    torch._foreach_add_(sums, gradients)
    return sums[0]
  def host_memory(self: __torch__.Gpt, floats: int, pinned: bool) -> Tensor:
    return torch.empty([floats], dtype=6, layout=0, device=torch.device("cpu"), pin_memory=pinned)
  def copy(self: __torch__.Gpt, into: List[Tensor], source: List[Tensor]) -> Tensor:
    torch._foreach_copy_(into, source)
    return into[0]
  def mean_norm(self: __torch__.Gpt, gradients: List[Tensor], count: float) -> Tensor:
    # gradients are sums, of which the mean is count's part
    return torch.div(torch.linalg_vector_norm(torch.stack(torch._foreach_norm(gradients))), count)
  def divisor(self: __torch__.Gpt, norm: Tensor, count: float, max_norm: float) -> Tensor:
    # what the sums are divided by: the mean, clipped to max_norm
    scale = torch.full_like(norm, count)
    if max_norm > 0.:
      scale = torch.mul(scale, torch.clamp_min(torch.div(torch.add(norm, 1.0e-6), max_norm), 1.))
    else:
      pass
    return scale
  def repeated(self: __torch__.Gpt, t: Tensor, times: int) -> List[Tensor]:
    l = annotate(List[Tensor], [])
    for i in range(times):
      _0 = torch.append(l, t)
    return l
  def update_group(self: __torch__.Gpt, rule: str,
    p: List[Tensor], gradients: List[Tensor], m: List[Tensor], v: List[Tensor],
    step: Tensor, scale: Tensor, lr: float, momentum: float, beta2: float, epsilon: float, weight_decay: float) -> NoneType:
    none = annotate(List[Tensor], [])
    if torch.len(p) > 0:
      if rule == "sgd":
        # momentum begins at zero, which makes the first update the plain gradient, as PyTorch's
        if momentum > 0.:
          buffers = m
        else:
          buffers = none  # the engine refuses buffers that it has no use for
        torch._fused_sgd_(p, gradients, buffers, weight_decay=weight_decay, momentum=momentum, lr=lr, dampening=0., nesterov=False, maximize=False, is_first_step=False, grad_scale=scale)
      else:
        steps = self.repeated(step, torch.len(p))
        if rule == "adamw":
          torch._fused_adamw_(p, gradients, m, v, none, steps, lr=lr, beta1=momentum, beta2=beta2, weight_decay=weight_decay, eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale)
        else:
          torch._fused_adam_(p, gradients, m, v, none, steps, lr=lr, beta1=momentum, beta2=beta2, weight_decay=weight_decay, eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale)
    else:
      pass
    return None
  def update(self: __torch__.Gpt, rule: str,
    decayed: List[Tensor], decayed_gradients: List[Tensor], decayed_m: List[Tensor], decayed_v: List[Tensor],
    plain: List[Tensor], plain_gradients: List[Tensor], plain_m: List[Tensor], plain_v: List[Tensor],
    step: Tensor, count: float, lr: float, momentum: float, beta2: float, epsilon: float, weight_decay: float, max_norm: float) -> Tensor:
    norm = self.mean_norm(torch.add(decayed_gradients, plain_gradients), count)
    scale = self.divisor(norm, count, max_norm)
    _0 = torch.add_(step, 1.)
    _1 = self.update_group(rule, decayed, decayed_gradients, decayed_m, decayed_v, step, scale, lr, momentum, beta2, epsilon, weight_decay)
    _2 = self.update_group(rule, plain, plain_gradients, plain_m, plain_v, step, scale, lr, momentum, beta2, epsilon, 0.)
    return norm
