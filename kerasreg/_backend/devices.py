"""What the backend runs on, and how: its devices, XLA, and settings that make it slow."""

import keras


def devices() -> dict[str, str]:
    """Returns the backend's devices, each with what is known of it: `{"GPU:0": "NVIDIA ..."}`."""
    backend = keras.config.backend()
    if backend == "tensorflow":
        from kerasreg._backend.tensorflow import tf

        found = {}
        for each in tf.config.list_physical_devices():
            details = tf.config.experimental.get_device_details(each)
            found[each.name.rpartition("physical_device:")[2]] = details.get("device_name", "")
        return found
    if backend == "jax":
        import jax

        return {f"{each.platform.upper()}:{each.id}": each.device_kind for each in jax.devices()}
    import torch

    count = torch.cuda.device_count()
    return {"CPU:0": ""} | {f"GPU:{i}": torch.cuda.get_device_name(i) for i in range(count)}


def xla_compiles() -> bool | None:
    """Returns whether XLA can compile here; None on PyTorch, which has no use for it."""
    backend = keras.config.backend()
    if backend == "tensorflow":
        from kerasreg._backend.tensorflow import xla_works

        return xla_works()
    return True if backend == "jax" else None


def runs_eagerly() -> bool:
    """Returns whether a setting of the backend makes it run operation by operation."""
    backend = keras.config.backend()
    if backend == "tensorflow":
        from kerasreg._backend.tensorflow import tf

        return bool(tf.config.functions_run_eagerly())
    if backend == "jax":
        import jax

        return bool(jax.config.jax_disable_jit)
    return False
