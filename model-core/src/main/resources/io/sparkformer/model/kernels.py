class Kernels(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  num_layers : int
  num_heads : int
  bias : bool
  tied_head : bool
  bf16 : bool
  gelu : str
  epsilon : float
  dropout : float
  stride : int
  def norm(self: __torch__.Kernels, x: Tensor, p: List[Tensor], i: int) -> Tensor:
    if self.bias:
      y = torch.layer_norm(x, [torch.size(x, 1)], p[i], p[i + 1], self.epsilon)
    else:
      y = torch.layer_norm(x, [torch.size(x, 1)], p[i], None, self.epsilon)
    return y
  def affine(self: __torch__.Kernels, x: Tensor, p: List[Tensor], i: int) -> Tensor:
    if self.bias:
      y = torch.addmm(p[i + 1], x, p[i])
    else:
      y = torch.mm(x, p[i])
    return y
  def drop(self: __torch__.Kernels, x: Tensor, dropout: float) -> Tensor:
    if dropout > 0.:
      y = torch.dropout(x, dropout, True)
    else:
      y = x
    return y
  def cast(self: __torch__.Kernels, p: List[Tensor]) -> List[Tensor]:
    if self.bf16:
      w = annotate(List[Tensor], [])
      for t in p:
        _0 = torch.append(w, torch.to(t, 15))
    else:
      w = p
    return w
  def embed(self: __torch__.Kernels, idx: Tensor, position: int, p: List[Tensor], dropout: float) -> Tensor:
    # [B, T] -> [B * T, C]
    B, T, = torch.size(idx)
    x = torch.add(torch.embedding(p[0], idx), torch.slice(p[1], 0, position, position + T))
    x = self.drop(torch.reshape(x, [B * T, -1]), dropout)
    if self.bf16:
      x = torch.to(x, 15)
    else:
      pass
    return x
  def heads(self: __torch__.Kernels, x: Tensor, B: int, T: int, w: List[Tensor], i: int) -> Tuple[Tensor, Tensor, Tensor]:
    # [B * T, C] -> 3 x [B, H, T, D]
    C = torch.size(x, 1)
    h = self.norm(x, w, i)
    q, k, v, = torch.split(torch.view(self.affine(h, w, i + self.stride), [B, T, 3 * C]), C, 2)
    shape = [B, T, self.num_heads, -1]
    return (torch.transpose(torch.view(q, shape), 1, 2), torch.transpose(torch.view(k, shape), 1, 2), torch.transpose(torch.view(v, shape), 1, 2))
  def after_attention(self: __torch__.Kernels, x: Tensor, y: Tensor, w: List[Tensor], i: int, dropout: float) -> Tensor:
    # residual x [B * T, C], attention's output y [B, H, T, D] -> [B * T, C]
    s = self.stride
    y = torch.reshape(torch.transpose(y, 1, 2), torch.size(x))
    x = torch.add(x, self.drop(self.affine(y, w, i + 2 * s), dropout))
    h = self.affine(self.norm(x, w, i + 3 * s), w, i + 4 * s)
    h = self.affine(torch.gelu(h, approximate=self.gelu), w, i + 5 * s)
    return torch.add(x, self.drop(h, dropout))
  def backbone(self: __torch__.Kernels, idx: Tensor, p: List[Tensor], w: List[Tensor], dropout: float) -> Tensor:
    # [B, T] -> [B * T, C], the final norm applied
    B, T, = torch.size(idx)
    x = self.embed(idx, 0, p, dropout)
    i = 2
    for l in range(self.num_layers):
      q, k, v, = self.heads(x, B, T, w, i)
      y = torch.scaled_dot_product_attention(q, k, v, None, dropout, True)
      x = self.after_attention(x, y, w, i, dropout)
      i = i + 6 * self.stride
    return self.norm(x, w, i)
  def project(self: __torch__.Kernels, h: Tensor, w: List[Tensor]) -> Tensor:
    # [N, C] -> [N, V], float32
    if self.tied_head:
      y = torch.linear(h, w[0])
    else:
      y = torch.linear(h, w[-1])
    if self.bf16:
      y = torch.to(y, 6)
    else:
      pass
    return y
  def hidden(self: __torch__.Kernels, idx: Tensor, p: List[Tensor]) -> Tensor:
    B, T, = torch.size(idx)
    return torch.view(torch.to(self.backbone(idx, p, self.cast(p), 0.), 6), [B, T, -1])
  def logits(self: __torch__.Kernels, idx: Tensor, p: List[Tensor]) -> Tensor:
    B, T, = torch.size(idx)
    w = self.cast(p)
    return torch.view(self.project(self.backbone(idx, p, w, 0.), w), [B, T, -1])
  def cross_entropy(self: __torch__.Kernels, idx: Tensor, targets: Tensor, p: List[Tensor], dropout: float) -> Tensor:
    w = self.cast(p)
    logits = self.project(self.backbone(idx, p, w, dropout), w)
    return torch.cross_entropy_loss(logits, torch.reshape(targets, [-1]))
  def loss(self: __torch__.Kernels, idx: Tensor, targets: Tensor, p: List[Tensor]) -> Tensor:
    return self.cross_entropy(idx, targets, p, 0.)
  def gradients(self: __torch__.Kernels, idx: Tensor, targets: Tensor, p: List[Tensor]) -> List[Tensor]:
    # [loss, gradient of p[0], gradient of p[1], ...]
    leaves = annotate(List[Tensor], [])
    for t in p:
      _0 = torch.append(leaves, torch.requires_grad_(torch.detach(t)))
    loss = self.cross_entropy(idx, targets, leaves, self.dropout)
    out = [torch.detach(loss)]
    for g in torch.grad([loss], leaves):
      _1 = torch.append(out, unchecked_cast(Tensor, g))
    return out
  def accumulate(self: __torch__.Kernels, sums: List[Tensor], gradients: List[Tensor]) -> Tensor:
    torch._foreach_add_(sums, gradients)
    return sums[0]
  def host_memory(self: __torch__.Kernels, floats: int, pinned: bool) -> Tensor:
    return torch.empty([floats], dtype=6, layout=0, device=torch.device("cpu"), pin_memory=pinned)
  def copy(self: __torch__.Kernels, into: List[Tensor], source: List[Tensor]) -> Tensor:
    torch._foreach_copy_(into, source)
    return into[0]
  def adamw(self: __torch__.Kernels,
    decayed: List[Tensor], decayed_gradients: List[Tensor], decayed_m: List[Tensor], decayed_v: List[Tensor],
    plain: List[Tensor], plain_gradients: List[Tensor], plain_m: List[Tensor], plain_v: List[Tensor],
    step: Tensor, count: int, lr: float, beta1: float, beta2: float, epsilon: float, weight_decay: float, max_norm: float) -> Tensor:
    # gradients are sums of count; the kernel divides them by scale: the mean, clipped to max_norm
    norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(torch.add(decayed_gradients, plain_gradients))))
    norm = torch.div(norm, float(count))
    scale = torch.full_like(norm, float(count))
    if max_norm > 0.:
      scale = torch.mul(scale, torch.clamp_min(torch.div(torch.add(norm, 1.0e-6), max_norm), 1.))
    else:
      pass
    _0 = torch.add_(step, 1.)
    decayed_steps = annotate(List[Tensor], [])
    for t in decayed:
      _1 = torch.append(decayed_steps, step)
    plain_steps = annotate(List[Tensor], [])
    for t0 in plain:
      _2 = torch.append(plain_steps, step)
    torch._fused_adamw_(decayed, decayed_gradients, decayed_m, decayed_v, annotate(List[Tensor], []), decayed_steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay, eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale)
    torch._fused_adamw_(plain, plain_gradients, plain_m, plain_v, annotate(List[Tensor], []), plain_steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=0., eps=epsilon, amsgrad=False, maximize=False, grad_scale=scale)
    return norm
  def decode(self: __torch__.Kernels, idx: Tensor, position: int, cache: Tensor, p: List[Tensor]) -> Tensor:
    # tokens [B, T] that stand at position, keys and values [L, B, 2, H, contextLength, D] -> logits [B, V] of the last token
    B, T, = torch.size(idx)
    w = self.cast(p)
    x = self.embed(idx, position, p, 0.)
    added = torch.unbind(torch.slice(cache, 4, position, position + T))
    known = torch.unbind(torch.slice(cache, 4, 0, position + T))
    i = 2
    for l in range(self.num_layers):
      # [B, 3, H, T, D]; a small model's time goes into the number of calls, so keys and values stay together
      qkv = self.affine(self.norm(x, w, i), w, i + self.stride)
      qkv = torch.permute(torch.view(qkv, [B, T, 3, self.num_heads, -1]), [0, 2, 3, 1, 4])
      _0 = torch.copy_(added[l], torch.slice(qkv, 1, 1, 3))
      k, v, = torch.unbind(known[l], 1)
      y = torch.scaled_dot_product_attention(torch.select(qkv, 1, 0), k, v, None, 0., T > 1)
      x = self.after_attention(x, y, w, i, 0.)
      i = i + 6 * self.stride
    last = torch.select(torch.view(self.norm(x, w, i), [B, T, -1]), 1, -1)
    return self.project(last, w)
