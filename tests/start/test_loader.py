"""What programs do with loaders of modules that the index has, and imports that come late."""

from case import Case
from test_index import PACKAGES


class Loader(Case):
    def indexed(self, source):
        return self.app(source, packages=PACKAGES, indexed=True)

    def test_lazy_imports(self):
        script = (
            "lazy import pkg.sub.leaf\nlazy from space.deeper import leaf\nlazy import pkg.nothing as nothing\nimport sys\n"
            "print('pkg' in sys.modules, 'space' in sys.modules)\n"
            "print(pkg.sub.leaf.VALUE, leaf.VALUE, 'pkg.sub' in sys.modules, type(leaf.__loader__))\nnothing\n"
        )
        if self.python.version >= (3, 15):
            self.assertRegex(self.same(self.indexed(script)).out, "^False False\n3 5 True ")

    def test_a_loader_that_builds_on_the_interpreters_is_left_alone(self):
        script = (
            "import importlib.machinery as machinery, importlib.util as util, one\n"
            "class Mine(machinery.SourceFileLoader):\n"
            "    def source_to_code(self, data, path, **more): return compile('VALUE = 9', path, 'exec')\n"
            "    def get_code(self, name): return self.source_to_code(b'', self.path)\n"
            "for loader in Mine('one', one.__file__), machinery.SourceFileLoader('one', one.__file__):\n"
            "    spec = util.spec_from_file_location('one', one.__file__, loader=loader)\n"
            "    module = util.module_from_spec(spec); spec.loader.exec_module(module); print(module.VALUE)\n"
        )
        self.assertEqual(self.same(self.indexed(script)).out, "9\n1\n")

    def test_a_loader_whose_path_is_none(self):
        script = (
            "import importlib.machinery as machinery, types, one\n"
            "for path in {}, b'x', None:\n"
            "    try: machinery.SourceFileLoader('x', path).exec_module(types.ModuleType('y'))\n"
            "    except Exception as error: print(type(error).__name__)\n"
        )
        self.assertIn("ImportError", self.same(self.indexed(script)).out)

    def test_methods_of_loaders_that_a_program_replaces(self):
        script = (
            "import importlib.machinery as machinery, _frozen_importlib_external as external\n"
            "def get_code(self, name): return compile(f'VALUE = {name!r}', '', 'exec')\n"
            "external.SourceLoader.exec_module = lambda self, module: module.__dict__.update(VALUE=7)\n"
            "import one; print(one.VALUE)\n"
            "del external.SourceLoader.exec_module\n"
            "import pkg.sub.leaf; print(pkg.sub.leaf.VALUE)\n"
            "machinery.SourceFileLoader.get_code = get_code\n"
            "import space.leaf; print(space.leaf.VALUE, sorted(vars(machinery.SourceFileLoader)))\n"
        )
        self.assertRegex(self.same(self.indexed(script)).out, "^7\n3\nspace.leaf ")
