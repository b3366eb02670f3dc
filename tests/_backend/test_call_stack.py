from kerasreg._backend.call_stack import called_from


def asked(name):
    return called_from(lambda frame: frame.f_code.co_name == name)


def outer_function(name):
    return asked(name)


def test_a_caller_is_found_and_a_stranger_is_not():
    assert outer_function("outer_function")
    assert not asked("outer_function")
